using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using HyperOS.Abi;
using HyperOS.Management.Audit;
using HyperOS.Management.Events;
using HyperOS.Management.HostControl;
using HyperOS.Management.Identity;
using HyperOS.Management.Images;
using HyperOS.Management.Networking;
using HyperOS.Management.Tasks;
using HyperOS.Management.VirtualMachines;

namespace HyperOS.Management.Api;

/// <summary>Everything that goes out or comes in as JSON: camelCase, enumerations as text, nothing where there is nothing.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.Strict,
    PropertyNameCaseInsensitive = false,
    Converters = [typeof(CamelCase<StopReason>)])]
[JsonSerializable(typeof(ApiProblem))]
[JsonSerializable(typeof(AuditEntry))]
[JsonSerializable(typeof(Page<AuditEntry>))]
[JsonSerializable(typeof(CertificateInstallation))]
[JsonSerializable(typeof(CertificateResource))]
[JsonSerializable(typeof(ConsoleNotice))]
[JsonSerializable(typeof(ConsoleRequest))]
[JsonSerializable(typeof(CredentialDocument))]
[JsonSerializable(typeof(Credentials))]
[JsonSerializable(typeof(HealthResource))]
[JsonSerializable(typeof(HostLog))]
[JsonSerializable(typeof(HostResource))]
[JsonSerializable(typeof(ImageCompletion))]
[JsonSerializable(typeof(ImageCreation))]
[JsonSerializable(typeof(ImageDeletion))]
[JsonSerializable(typeof(ImageResource))]
[JsonSerializable(typeof(Page<ImageResource>))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(NetworkConfig))]
[JsonSerializable(typeof(NetworkDeletion))]
[JsonSerializable(typeof(NetworkDocument))]
[JsonSerializable(typeof(NetworkResource))]
[JsonSerializable(typeof(Page<NetworkResource>))]
[JsonSerializable(typeof(PortGroupConfig))]
[JsonSerializable(typeof(PortResource))]
[JsonSerializable(typeof(Page<PortResource>))]
[JsonSerializable(typeof(SessionResource))]
[JsonSerializable(typeof(Page<SessionResource>))]
[JsonSerializable(typeof(TaskResource))]
[JsonSerializable(typeof(Page<TaskResource>))]
[JsonSerializable(typeof(TokenCreation))]
[JsonSerializable(typeof(TokenResource))]
[JsonSerializable(typeof(Page<TokenResource>))]
[JsonSerializable(typeof(UserChange))]
[JsonSerializable(typeof(UserCreation))]
[JsonSerializable(typeof(UserDocument))]
[JsonSerializable(typeof(UserResource))]
[JsonSerializable(typeof(Page<UserResource>))]
[JsonSerializable(typeof(VmConfig))]
[JsonSerializable(typeof(VmCreation))]
[JsonSerializable(typeof(VmDeletion))]
[JsonSerializable(typeof(VmDocument))]
[JsonSerializable(typeof(VmResource))]
[JsonSerializable(typeof(Page<VmResource>))]
[JsonSerializable(typeof(VmStatistics))]
internal sealed partial class ApiJson : JsonSerializerContext;
