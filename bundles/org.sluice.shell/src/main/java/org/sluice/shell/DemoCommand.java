package org.sluice.shell;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * Runs a demonstration that some bundle offers: a {@link Callable} service that returns lines, with the property
 * {@value #NAME}.
 */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Tell a story on a board of its own, line by line; without a name, list the stories.")
final class DemoCommand implements Callable<Integer> {
    /** Service property with the demonstration's name. */
    static final String NAME = "sluice.demo";

    private final BundleContext context;

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "e.g. gpu, gpu-pasid")
    private String name;

    DemoCommand(BundleContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws Exception {
        Collection<ServiceReference<Callable<?>>> offered = offered();
        TreeSet<String> names = new TreeSet<>();
        for (ServiceReference<Callable<?>> reference : offered) {
            String offer = String.valueOf(reference.getProperty(NAME));
            names.add(offer);
            if (offer.equals(name)) {
                List<?> lines = (List<?>) context.getService(reference).call();
                lines.forEach(System.out::println);
                return 0;
            }
        }
        if (name != null) {
            throw new UsageException("no bundle offers the demonstration '" + name + "'; there are " + names);
        }
        names.forEach(System.out::println);
        return 0;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private Collection<ServiceReference<Callable<?>>> offered() throws Exception {
        return (Collection) context.getServiceReferences(Callable.class, "(" + NAME + "=*)");
    }
}
