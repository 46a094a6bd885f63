using System.Text;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.Features.Identity.SignInPage;

/// <summary>The form, and what is wrong with how it was filled in.</summary>
internal sealed record SignInForm(string? Email = null, string? ReturnTo = null, string? Notice = null)
{
    private const string EmailField = "email";
    private const string PasswordField = "password";

    internal IReadOnlyList<(string Field, string Message)> Faults { get; init; } = [];

    internal int Status { get; init; } = StatusCodes.Status200OK;

    internal static (string Field, string Message) EmailFault(string message) => (EmailField, message);

    internal static (string Field, string Message) PasswordFault(string message) => (PasswordField, message);

    internal IResult ToPage()
    {
        var main = new StringBuilder();
        AppendFaults(main);
        main.Append("<h1>Sign in to KestrelVoice</h1>\n");
        if (Notice is not null)
            main.Append("<p role=\"status\">").Append(Page.Text(Notice)).Append("</p>\n");
        main.Append("<form method=\"post\" action=\"/login\">\n");
        if (ReturnTo is not null)
            main.Append("<input type=\"hidden\" name=\"return_to\" value=\"").Append(Page.Text(ReturnTo)).Append("\">\n");
        AppendInput(main, EmailField, "Email address", $"type=\"email\" autocomplete=\"username\" maxlength=\"254\" value=\"{Page.Text(Email)}\"");
        AppendInput(main, PasswordField, "Password", "type=\"password\" autocomplete=\"current-password\" maxlength=\"256\"");
        main.Append("<button type=\"submit\">Sign in</button>\n</form>");
        return Page.Of(Status, Faults.Count > 0 ? "Error: Sign in" : "Sign in", main.ToString());
    }

    private void AppendFaults(StringBuilder main)
    {
        if (Faults.Count == 0)
            return;
        main.Append("<div class=\"errors\" role=\"alert\" tabindex=\"-1\" autofocus aria-labelledby=\"errors-title\">\n")
            .Append("<h2 id=\"errors-title\">There is a problem</h2>\n<ul>\n");
        foreach (var (field, message) in Faults)
            main.Append("<li><a href=\"#").Append(field).Append("\">").Append(Page.Text(message)).Append("</a></li>\n");
        main.Append("</ul>\n</div>\n");
    }

    private void AppendInput(StringBuilder main, string field, string label, string attributes)
    {
        main.Append("<label for=\"").Append(field).Append("\">").Append(label).Append("</label>\n<input id=\"").Append(field)
            .Append("\" name=\"").Append(field).Append("\" required ").Append(attributes);
        if (Faults.Any(fault => fault.Field == field))
            main.Append(" aria-invalid=\"true\" aria-describedby=\"errors-title\"");
        main.Append(">\n");
    }
}
