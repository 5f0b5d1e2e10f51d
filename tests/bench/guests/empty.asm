; The loop alone.
%include "bench.inc"
    BENCH
    REPEAT
    REPEAT_END
