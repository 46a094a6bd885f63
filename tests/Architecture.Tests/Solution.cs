using System.Reflection;
using System.Runtime.CompilerServices;
using Mono.Cecil;

namespace KestrelVoice.Architecture.Tests;

/// <summary>The assemblies under test, and what their types depend on.</summary>
internal static class Solution
{
    public static readonly Assembly Contracts = typeof(Contracts.CallEvent).Assembly;
    public static readonly Assembly Features = typeof(Features.Kernel.Principal).Assembly;
    public static readonly Assembly Host = Load("KestrelVoice.Host");
    public static readonly Assembly Voice = Load("KestrelVoice.Voice");
    public static readonly Assembly Workflow = typeof(global::Dapr.Workflow.WorkflowContext).Assembly;
    public static readonly Assembly[] Product = [Contracts, Features, Host, Voice, Workflow];
    public static readonly Assembly[] Tools = [Load("kestrel"), Load("KestrelVoice.LocalDapr"), Load("KestrelVoice.CallSimulator")];

    /// <param name="path">From the root of the checkout.</param>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Checkout.Root, path)).ReplaceLineEndings("\n");

    /// <summary>What is written in a folder of the checkout, in C# unless another kind of file is asked for.</summary>
    public static IEnumerable<(string Path, string Text)> SourceFiles(string folder, string pattern = "*.cs") =>
        Directory.GetFiles(Path.Combine(Checkout.Root, folder), pattern, SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                && !file.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(file => (Path.GetRelativePath(Checkout.Root, file), File.ReadAllText(file)));

    /// <summary>Types as written in source: no closures, state machines or other compiler output.</summary>
    public static IEnumerable<Type> WrittenTypes(Assembly assembly) => assembly.GetTypes()
        .Where(type => type.GetCustomAttribute<CompilerGeneratedAttribute>() is null && !type.Name.Contains('<', StringComparison.Ordinal));

    public static IEnumerable<Type> SliceClasses => WrittenTypes(Features)
        .Where(type => type is { IsNested: false, IsAbstract: true, IsSealed: true } && type.GetNestedType("Handler", BindingFlags.NonPublic | BindingFlags.Public) is not null);

    public static bool Is(this Type type, Type definition) => type.GetInterfaces().Append(type)
        .Any(candidate => candidate == definition || (candidate.IsGenericType && candidate.GetGenericTypeDefinition() == definition));

    public static string OutermostName(Type type)
    {
        while (type.DeclaringType is { } outer)
            type = outer;
        return type.FullName!;
    }

    /// <summary>For each outermost type of an assembly: the outermost types, of any assembly, that it or its nested types mention.</summary>
    public static IReadOnlyDictionary<string, IReadOnlySet<string>> Dependencies(Assembly assembly)
    {
        using var module = ModuleDefinition.ReadModule(assembly.Location);
        var result = new Dictionary<string, IReadOnlySet<string>>(StringComparer.Ordinal);
        foreach (var type in module.Types)
        {
            var mentioned = new HashSet<string>(StringComparer.Ordinal);
            Visit(type, mentioned);
            mentioned.Remove(type.FullName);
            result[type.FullName] = mentioned;
        }
        return result;
    }

    private static void Visit(TypeDefinition type, HashSet<string> mentioned)
    {
        Mention(type.BaseType, mentioned);
        foreach (var implemented in type.Interfaces)
            Mention(implemented.InterfaceType, mentioned);
        foreach (var attribute in type.CustomAttributes)
            Mention(attribute.AttributeType, mentioned);
        foreach (var field in type.Fields)
            Mention(field.FieldType, mentioned);
        foreach (var method in type.Methods)
        {
            Mention(method.ReturnType, mentioned);
            foreach (var parameter in method.Parameters)
                Mention(parameter.ParameterType, mentioned);
            if (!method.HasBody)
                continue;
            foreach (var local in method.Body.Variables)
                Mention(local.VariableType, mentioned);
            foreach (var instruction in method.Body.Instructions)
            {
                switch (instruction.Operand)
                {
                    case TypeReference used:
                        Mention(used, mentioned);
                        break;
                    case MemberReference member:
                        Mention(member.DeclaringType, mentioned);
                        if (member is GenericInstanceMethod generic)
                            foreach (var argument in generic.GenericArguments)
                                Mention(argument, mentioned);
                        break;
                }
            }
        }
        foreach (var nested in type.NestedTypes)
            Visit(nested, mentioned);
    }

    private static void Mention(TypeReference? type, HashSet<string> mentioned)
    {
        if (type is null or GenericParameter)
            return;
        if (type is GenericInstanceType generic)
            foreach (var argument in generic.GenericArguments)
                Mention(argument, mentioned);
        type = type.GetElementType();
        while (type.DeclaringType is not null)
            type = type.DeclaringType;
        mentioned.Add(type.FullName);
    }

    private static Assembly Load(string name) => Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, name + ".dll"));
}
