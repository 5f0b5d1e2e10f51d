; What SpeculationPolicy chose, where the world switches find it (Speculation.inc).
bits 64
default rel

section .text
; void SpeculationChoose(uint hooks, ulong hostSpecCtrl)
global SpeculationChoose
SpeculationChoose:
    mov [SpeculationHooks], edi
    mov [SpeculationHostSpecCtrl], rsi
    ret

section .data
align 8
global SpeculationHostSpecCtrl
SpeculationHostSpecCtrl: dq 0
global SpeculationHooks
SpeculationHooks: dd 0
