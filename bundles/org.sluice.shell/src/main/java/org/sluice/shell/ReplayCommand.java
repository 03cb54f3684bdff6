package org.sluice.shell;

import java.util.concurrent.Callable;
import org.osgi.framework.BundleContext;
import picocli.CommandLine.Command;

@Command(name = "replay", mixinStandardHelpOptions = true)
final class ReplayCommand implements Callable<Integer> {
    private final BundleContext context;

    ReplayCommand(BundleContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws Exception {
        System.out.println("bundles " + context.getBundles().length);
        return 3;
    }
}
