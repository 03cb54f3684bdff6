package org.sluice.shell;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Callable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.sluice.api.IommuException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The program: the launcher runs the {@code main.thread} service and exits with what it returns. Present only where a
 * launcher offers command-line arguments; in any other container the Gogo commands do the same work.
 */
@Component(service = Callable.class, property = "main.thread=true")
public final class SluiceCommandLine implements Callable<Integer> {
    private final String[] arguments;
    private final BundleContext context;

    /**
     * Takes the arguments of the launcher.
     *
     * @param launcher properties of the launcher's service
     * @param context of this bundle
     */
    @Activate
    public SluiceCommandLine(
            @Reference(service = Object.class, target = "(launcher.arguments=*)") Map<String, Object> launcher,
            BundleContext context) {
        this.arguments = (String[]) launcher.get("launcher.arguments");
        this.context = context;
    }

    @Override
    public Integer call() {
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        CommandLine line = new CommandLine(new Sluice())
                .addSubcommand(new ReplayCommand(context))
                .addSubcommand(new ConsoleCommand(context))
                .addSubcommand(new DemoCommand(context))
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    if (failure instanceof IommuException || failure instanceof UsageException) {
                        err.println(command.getCommandSpec().qualifiedName() + ": " + failure.getMessage());
                    } else {
                        failure.printStackTrace(err);
                    }
                    return CommandLine.ExitCode.SOFTWARE;
                });
        return line.execute(arguments);
    }

    /** The command without a subcommand: says what there is. */
    @Command(
            name = "sluice",
            description = "An IOMMU platform made of OSGi bundles.",
            mixinStandardHelpOptions = true,
            versionProvider = Version.class,
            synopsisSubcommandLabel = "COMMAND")
    static final class Sluice implements Runnable {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec;

        @Override
        public void run() {
            throw new CommandLine.ParameterException(spec.commandLine(), "Missing required subcommand");
        }
    }

    /** The version of this bundle. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {
                "sluice " + FrameworkUtil.getBundle(SluiceCommandLine.class).getVersion()
            };
        }
    }
}
