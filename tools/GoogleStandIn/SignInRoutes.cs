using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;

namespace KestrelVoice.GoogleStandIn;

/// <summary>The page where somebody signs in and consents. Nobody needs a password.</summary>
internal static class SignInRoutes
{
    private const string Path = "/o/oauth2/v2/auth";

    public static void Map(IEndpointRouteBuilder app, World world)
    {
        app.MapGet(Path, (RequestDelegate)(context => AskAsync(context, world)));
        app.MapPost(Path, (RequestDelegate)(context => DecideAsync(context, world)));
    }

    /// <summary>What an app asks for in the address that it sends a browser to.</summary>
    private sealed record Question(string RedirectUri, string State, IReadOnlyList<string> Scopes, string? Challenge, bool IsOffline)
    {
        /// <returns>Null, and why, when the browser must not be sent back.</returns>
        public static (Question? Question, string? Error) Of(Func<string, StringValues> parameter, GoogleServerOptions options)
        {
            string Text(string name) => parameter(name).ToString();

            if (Text("client_id") != options.ClientId)
                return (null, "invalid_client");
            if (!options.RedirectUris.Contains(Text("redirect_uri")))
                return (null, "redirect_uri_mismatch");
            if (Text("response_type") != "code" || Text("scope") is "" || (Text("code_challenge") is not "" && Text("code_challenge_method") is not "S256"))
                return (null, "invalid_request");
            return (new Question(
                Text("redirect_uri"), Text("state"), Text("scope").Split(' '), Text("code_challenge") is { Length: > 0 } challenge ? challenge : null,
                Text("access_type") == "offline" && Text("prompt").Split(' ').Contains("consent")), null);
        }
    }

    private static Task AskAsync(HttpContext context, World world)
    {
        var (question, error) = Question.Of(name => context.Request.Query[name], world.Options);
        return question is null ? RefuseAsync(context, error!) : WriteAsync(context, Form(context.Request.Query, question, world));
    }

    private static async Task DecideAsync(HttpContext context, World world)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var (question, error) = Question.Of(name => form[name], world.Options);
        if (question is null)
        {
            await RefuseAsync(context, error!);
            return;
        }
        if (form["decision"] != "allow" || world.FindUser(form["user"]) is not { } user)
        {
            SendBack(context, question, ("error", "access_denied"));
            return;
        }
        // On Google's page every permission has a box, and whoever unticks one grants the others.
        var granted = question.Scopes.Where(scope => form["granted"].Contains(scope)).ToList();
        var code = world.Grants.Give(new Grant(user, granted), question.RedirectUri, question.Challenge, question.IsOffline);
        SendBack(context, question, ("code", code), ("scope", string.Join(' ', granted)));
    }

    private static void SendBack(HttpContext context, Question question, params (string Name, string Value)[] answer)
    {
        var query = new QueryString();
        foreach (var (name, value) in answer.Append(("state", question.State)))
            query = query.Add(name, value);
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = question.RedirectUri + query;
    }

    private static Task RefuseAsync(HttpContext context, string error)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return WriteAsync(context, $"<h1>Error 400: {Text(error)}</h1>");
    }

    private static string Form(IQueryCollection query, Question question, World world)
    {
        var form = new StringBuilder($"<h1>Sign in with a stand-in for Google</h1><form method=\"post\" action=\"{Path}\">");
        foreach (var (name, value) in query)
            form.Append(CultureInfo.InvariantCulture, $"<input type=\"hidden\" name=\"{Text(name)}\" value=\"{Text(value)}\">");
        lock (world.Users)
        {
            foreach (var user in world.Users)
                form.Append(CultureInfo.InvariantCulture, $"<p><label><input type=\"radio\" name=\"user\" value=\"{Text(user.Email)}\" checked> {Text(user.Email)}</label></p>");
        }
        foreach (var scope in question.Scopes)
            form.Append(CultureInfo.InvariantCulture, $"<p><label><input type=\"checkbox\" name=\"granted\" value=\"{Text(scope)}\" checked> {Text(scope)}</label></p>");
        return form.Append("<button name=\"decision\" value=\"allow\">Allow</button> <button name=\"decision\" value=\"deny\">Cancel</button></form>").ToString();
    }

    private static Task WriteAsync(HttpContext context, string main)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync($"<!DOCTYPE html><html lang=\"en\"><title>Stand-in for Google</title><body>{main}</body></html>", context.RequestAborted);
    }

    private static string Text(string? text) => HtmlEncoder.Default.Encode(text ?? "");
}
