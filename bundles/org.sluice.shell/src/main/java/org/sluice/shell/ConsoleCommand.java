package org.sluice.shell;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
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
            description = "Run this Gogo command, print what it returns and exit; may be repeated.")
    private List<String> scripts = List.of();

    @Option(
            names = {"-b", "--board"},
            paramLabel = "KEY=VALUE",
            description = {
                "Give the demonstration board this property (README of org.sluice.board.model); may be repeated.",
                "Example: -b iommu.compatible=arm,mmu-500 -b iommu.profile=mmu-500"
            })
    private Map<String, String> properties = Map.of();

    ConsoleCommand(BundleContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws Exception {
        CommandProcessor processor = Services.await(context, CommandProcessor.class);
        try (DemonstrationBoard board = DemonstrationBoard.powerOn(context, properties);
                CommandSession session = processor.createSession(System.in, System.out, System.err)) {
            board.awaitRunning();
            if (scripts.isEmpty()) {
                session.execute("gosh --login");
            }
            for (String script : scripts) {
                Object result = execute(session, script);
                if (result != null) {
                    System.out.println(
                            session.format(result, Converter.INSPECT).toString().stripTrailing());
                }
            }
            return 0;
        }
    }

    /** A command that is not there or wants other arguments is the caller's mistake: it needs no stack trace. */
    private static Object execute(CommandSession session, String script) throws Exception {
        try {
            return session.execute(script);
        } catch (IllegalArgumentException e) {
            throw new UsageException(
                    "'" + script + "': " + e.getMessage() + "; `help` lists commands, `help NAME` what one takes");
        }
    }
}
