@echo off
rem Builds tools\Kestrel when it is missing or older than its sources, then runs it.
setlocal
set "ROOT=%~dp0"
set "TOOL=%ROOT%tools\Kestrel\bin\Release\net10.0\kestrel.dll"
set DOTNET_NOLOGO=1
set DOTNET_CLI_TELEMETRY_OPTOUT=1

where dotnet >nul 2>nul
if errorlevel 1 (
    echo kestrel: the .NET SDK is not installed. Get the .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0 1>&2
    exit /b 127
)

powershell -NoProfile -Command "$t = Get-Item -ErrorAction SilentlyContinue $env:TOOL; if (-not $t) { exit 1 }; $n = Get-ChildItem -Recurse -File -Path ($env:ROOT + 'tools'), ($env:ROOT + 'src\Contracts'), ($env:ROOT + 'eng'), ($env:ROOT + 'Directory.*'), ($env:ROOT + 'global.json') | Where-Object { $_.FullName -notmatch '\\(bin|obj)\\' -and $_.LastWriteTime -gt $t.LastWriteTime } | Select-Object -First 1; if ($n) { exit 1 }"
if not errorlevel 1 goto run

pushd "%ROOT%"
dotnet --version >nul 2>nul
if errorlevel 1 (
    popd
    echo kestrel: the .NET SDK is too old. Get the .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0 1>&2
    exit /b 127
)
popd
echo kestrel: building itself ^(first run, or its sources changed^) ... 1>&2
dotnet build "%ROOT%tools\Kestrel\Kestrel.csproj" -c Release --nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false 1>&2
if errorlevel 1 exit /b 1
rem An unchanged assembly keeps its time; without this the next start would build again.
powershell -NoProfile -Command "(Get-Item $env:TOOL).LastWriteTime = Get-Date"

:run
dotnet "%TOOL%" %*
exit /b %errorlevel%
