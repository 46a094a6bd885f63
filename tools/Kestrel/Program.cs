return await KestrelVoice.Cli.Commands.KestrelCommand.RunAsync(args);
