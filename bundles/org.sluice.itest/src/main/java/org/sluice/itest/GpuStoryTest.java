package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/** Two processes on one GPU: the same client on an SMMUv2 whose tables the GPU loads, and on an SMMUv3 with PASIDs. */
class GpuStoryTest {
    private static final String HARDWARE = "  | ";

    @SuppressWarnings("rawtypes")
    private static List<String> tell(String name) throws Exception {
        BundleContext context = FrameworkUtil.getBundle(GpuStoryTest.class).getBundleContext();
        ServiceReference<Callable> story = offered(context, name).iterator().next();
        return ((List<?>) context.getService(story).call())
                .stream().map(String::valueOf).toList();
    }

    @SuppressWarnings("rawtypes")
    private static Collection<ServiceReference<Callable>> offered(BundleContext context, String name)
            throws InvalidSyntaxException {
        return context.getServiceReferences(Callable.class, "(sluice.demo=" + name + ")");
    }

    @Test
    void whatAClientSeesDoesNotDependOnWhoSwitchesTheTable() throws Exception {
        List<String> switched = tell("gpu");
        List<String> tagged = tell("gpu-pasid");
        assertThat(switched.stream().filter(line -> !line.startsWith(HARDWARE)).toList())
                .isEqualTo(tagged.stream()
                        .filter(line -> !line.startsWith(HARDWARE))
                        .toList());
        assertThat(switched)
                .contains(
                        "memory: A's page holds aaaa0001, B's bbbb0001",
                        "GPU: registers hold aaaa0001 bbbb0001 bbbb0001 aaaa0001",
                        "A: load from 0x10000000: done, aaaa0002",
                        "handler: B (PASID 2) faulted: TRANSLATION at 0x10001000, terminated",
                        "A: load from 0x10010000 stalls until its handler has mapped a page: done, aaaa0003",
                        "  | A: load from 0x10020000: done. GPU and SMMU off, A unmaps it, on again: load from 0x10020000 aborted",
                        "ring: a submission of B is refused: ESTALE",
                        "B: its fence completed: FREED")
                .anySatisfy(line -> assertThat(line).contains("Adreno context bank 0"))
                .anySatisfy(line -> assertThat(line).contains("CONTEXTIDR").endsWith("are B's"))
                .anySatisfy(line -> assertThat(line).contains("without that check the GPU still loads B's root"));
        assertThat(switched).hasSizeBetween(25, 35);
    }
}
