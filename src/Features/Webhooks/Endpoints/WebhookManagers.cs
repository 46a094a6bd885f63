using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KestrelVoice.Features.Webhooks.Endpoints;

/// <summary>Who sends a tenant's calls elsewhere: its owners and admins, and any key that may write, since integrations set themselves up.</summary>
internal static class WebhookManagers
{
    internal static bool Include(Principal principal) => principal.Kind is PrincipalKind.ApiKey || principal.Role is "owner" or "admin";

    internal static ProblemHttpResult Refusal() =>
        Problems.Of(StatusCodes.Status403Forbidden, Problems.Forbidden, "Only owners, admins and API keys manage webhooks.");

    internal static ProblemHttpResult NotFound() => Problems.NotFound("There is no such webhook endpoint.");

    internal static ProblemHttpResult NoMessage() => Problems.NotFound("There is no such message of this endpoint.");
}
