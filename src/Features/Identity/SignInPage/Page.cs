using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.Features.Identity.SignInPage;

/// <summary>A page without scripts, in the reader's colours, that works at any width.</summary>
internal static class Page
{
    private const string Style =
        """
        :root{color-scheme:light dark;--ground:#fff;--text:#1b1b1f;--line:#767680;--strong:#1d4ed8;--on-strong:#fff;--bad:#b3001b}
        @media (prefers-color-scheme:dark){
        :root{--ground:#16161a;--text:#f2f2f5;--line:#8c8c98;--strong:#9db8ff;--on-strong:#10131c;--bad:#ffb3b8}
        }
        *{box-sizing:border-box}
        body{margin:0;background:var(--ground);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
        main{max-width:26rem;margin:0 auto;padding:2rem 1rem}
        h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}
        h2{font-size:1.0625rem;margin:0 0 .25rem}
        label,dt{display:block;font-weight:600;margin-top:1rem}
        dd{margin:0;overflow-wrap:anywhere}
        ul{padding-left:1.25rem}
        input,button{width:100%;min-height:2.75rem;font:inherit;border-radius:.375rem}
        input{margin-top:.25rem;padding:.5rem .625rem;color:inherit;background:transparent;border:1px solid var(--line)}
        input[aria-invalid=true]{border:2px solid var(--bad)}
        button{margin-top:1.5rem;padding:.5rem 1rem;font-weight:600;color:var(--on-strong);background:var(--strong);border:1px solid transparent}
        a{color:var(--strong)}
        a:focus-visible,input:focus-visible,button:focus-visible,.errors:focus{outline:3px solid var(--strong);outline-offset:2px}
        .errors{border:2px solid var(--bad);border-radius:.375rem;padding:.75rem 1rem;margin-bottom:1rem}
        .errors ul{margin:0}
        .errors a{color:var(--bad)}
        """;

    private static readonly string Policy =
        "default-src 'none'; style-src 'sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))
        + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    internal static IResult Of(int status, string title, string main) => new Html(status, title, main);

    internal static string Text(string? text) => HtmlEncoder.Default.Encode(text ?? "");

    private sealed class Html(int status, string title, string main) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.StatusCode = status;
            response.ContentType = "text/html; charset=utf-8";
            response.Headers.ContentSecurityPolicy = Policy;
            response.Headers.CacheControl = "no-store";
            // Stricter, and browsers would post the form with a null origin.
            response.Headers["Referrer-Policy"] = "same-origin";
            return response.WriteAsync(
                $"""
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>{Text(title)} – KestrelVoice</title>
                <style>{Style}</style>
                </head>
                <body>
                <main>
                {main}
                </main>
                </body>
                </html>
                """, httpContext.RequestAborted);
        }
    }
}
