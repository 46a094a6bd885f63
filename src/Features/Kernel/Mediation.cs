using System.Reflection;
using FluentValidation;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Kernel;

internal static class Mediation
{
    private static readonly Type[] Handlers = [typeof(IRequestHandler<,>), typeof(INotificationHandler<>)];

    /// <summary>Finds every slice's handler and validator. The factory is transient: a singleton would resolve from the root scope.</summary>
    /// <remarks>Validators depend on nothing, and making one costs more than the query of a list.</remarks>
    public static IServiceCollection AddMediation(this IServiceCollection services, Assembly features) => services
        .AddTransient<ServiceFactory>(provider => provider.GetService!)
        .AddTransient<IMediator, Mediator>()
        .AddTransient(typeof(IPipelineBehavior<,>), typeof(ValidationBehavior<,>))
        .Scan(scan => scan.FromAssemblies(features)
            .AddClasses(classes => classes.AssignableToAny(Handlers).Where(type => !type.IsGenericTypeDefinition), publicOnly: false)
            .AsImplementedInterfaces(type => type.IsGenericType && Handlers.Contains(type.GetGenericTypeDefinition()))
            .WithTransientLifetime()
            .AddClasses(classes => classes.AssignableTo(typeof(IValidator<>)).Where(type => !type.IsGenericTypeDefinition), publicOnly: false)
            .AsImplementedInterfaces(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IValidator<>))
            .WithSingletonLifetime());
}

/// <summary>Shape and range of every message are checked here, once, whichever way it came in.</summary>
internal sealed class ValidationBehavior<TRequest, TResponse>(IEnumerable<IValidator<TRequest>> validators)
    : IPipelineBehavior<TRequest, TResponse>
    where TRequest : notnull
{
    public async Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        foreach (var validator in validators)
        {
            var result = await validator.ValidateAsync(request, cancellationToken);
            if (!result.IsValid)
                throw new ValidationException(result.Errors);
        }
        return await next();
    }
}
