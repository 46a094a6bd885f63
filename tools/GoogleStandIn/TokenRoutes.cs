using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.GoogleStandIn;

/// <summary>The token endpoint, and the one that takes tokens back.</summary>
internal static class TokenRoutes
{
    public static void Map(IEndpointRouteBuilder app, World world)
    {
        app.MapPost("/token", (RequestDelegate)(context => TokenAsync(context, world)));
        app.MapPost("/revoke", (RequestDelegate)(context => RevokeAsync(context, world)));
    }

    private static async Task TokenAsync(HttpContext context, World world)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        if (form["client_id"] != world.Options.ClientId || form["client_secret"] != world.Options.ClientSecret)
        {
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, "invalid_client", "Unauthorized");
            return;
        }
        var (code, refreshToken) = (form["code"].ToString(), form["refresh_token"].ToString());
        var tokens = form["grant_type"].ToString() switch
        {
            "authorization_code" => world.Grants.Exchange(
                code, form["redirect_uri"].ToString(), form.TryGetValue("code_verifier", out var verifier) ? verifier.ToString() : null),
            "refresh_token" => world.Grants.Refresh(refreshToken),
            _ => null,
        };
        if (tokens is null)
        {
            await (form["grant_type"].ToString() is "authorization_code" or "refresh_token"
                ? RefuseAsync(context, StatusCodes.Status400BadRequest, "invalid_grant", "Bad Request")
                : RefuseAsync(context, StatusCodes.Status400BadRequest, "unsupported_grant_type", "Invalid grant_type"));
            return;
        }
        var answer = new JsonObject
        {
            ["access_token"] = tokens.AccessToken,
            ["expires_in"] = Grants.AccessTokensLive,
            ["scope"] = string.Join(' ', tokens.Grant.Scopes),
            ["token_type"] = "Bearer",
        };
        if (tokens.RefreshToken is not null)
            answer["refresh_token"] = tokens.RefreshToken;
        await context.Response.WriteAsJsonAsync(answer, context.RequestAborted);
    }

    private static async Task RevokeAsync(HttpContext context, World world)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        await (world.Grants.Revoke(form["token"].ToString())
            ? context.Response.WriteAsJsonAsync(new JsonObject(), context.RequestAborted)
            : RefuseAsync(context, StatusCodes.Status400BadRequest, "invalid_token", "Token expired or revoked"));
    }

    private static Task RefuseAsync(HttpContext context, int status, string error, string description)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new JsonObject { ["error"] = error, ["error_description"] = description }, context.RequestAborted);
    }
}
