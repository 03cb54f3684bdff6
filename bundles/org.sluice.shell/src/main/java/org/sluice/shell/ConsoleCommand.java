package org.sluice.shell;

import java.util.concurrent.Callable;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.osgi.framework.BundleContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Opens the Gogo console in the running container. */
@Command(
        name = "shell",
        mixinStandardHelpOptions = true,
        description = {
            "Open a console in the container, on a demonstration board.",
            "Try: sluice:status, sluice:devices, lb, stop and start of a bundle, scr:list."
        })
final class ConsoleCommand implements Callable<Integer> {
    private final BundleContext context;

    @Option(
            names = {"-c", "--command"},
            paramLabel = "SCRIPT",
            description = "Run this Gogo script and exit, instead of reading commands.")
    private String script;

    ConsoleCommand(BundleContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws Exception {
        CommandProcessor processor = Services.await(context, CommandProcessor.class);
        try (DemonstrationBoard board = DemonstrationBoard.powerOn(context);
                CommandSession session = processor.createSession(System.in, System.out, System.err)) {
            board.awaitRunning();
            if (script == null) {
                session.execute("gosh --login");
                return 0;
            }
            Object result = session.execute(script);
            if (result != null) {
                System.out.println(session.format(result, org.apache.felix.service.command.Converter.INSPECT));
            }
            return 0;
        }
    }
}
