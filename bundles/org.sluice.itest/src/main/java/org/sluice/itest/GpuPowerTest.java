package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.sluice.api.AddressSpace;
import org.sluice.api.Counters;
import org.sluice.api.Domain;
import org.sluice.api.FaultResponse;
import org.sluice.api.Prot;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.bus.PowerSwitch;

/** A GPU that switches itself and its SMMUv2 off, while software goes on to map and unmap. */
class GpuPowerTest {
    private static final int PAGE = 4096;
    private static final int PAGES = 4;
    private static final long IOVA = 0x10_0000;
    private static final long FIRST = Machine.RAM + 0x10_0000;
    private static final long SECOND = Machine.RAM + 0x20_0000;
    private static final int RW = Prot.READ | Prot.WRITE | Prot.CACHE;
    private static final String NAME = "gpu-power";

    private static Machine machine() throws Exception {
        return Machine.powerOn(
                NAME,
                Map.of(
                        "iommu.compatible", "qcom,adreno-smmu",
                        "models.target", "(sluice.model.compatible=qcom,adreno-smmu)",
                        "iommu.profile", "qcom",
                        "power", "switched",
                        "endpoints", new String[] {Machine.GPU + ";sid=0"}));
    }

    private static long count(String prefix) throws InvalidSyntaxException {
        ServiceReference<Counters> reference =
                Container.CONTEXT.getServiceReferences(Counters.class, "(" + Board.NAME + "=" + NAME + ")").stream()
                        .findFirst()
                        .orElseThrow();
        return Container.CONTEXT.getService(reference).read().entrySet().stream()
                .filter(counter -> counter.getKey().startsWith(prefix))
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    /** What the GPU reads of each page, or -1 where it reads nothing. */
    private static long[] words(Endpoint gpu) {
        return Stream.iterate(IOVA, iova -> iova + PAGE)
                .limit(PAGES)
                .mapToLong(iova -> {
                    byte[] word = new byte[1];
                    return gpu.dma().read(Dma.NO_PASID, iova, word, 0, 1, 0) == Dma.OK ? word[0] : -1;
                })
                .toArray();
    }

    @Test
    void whatIsUnmappedWhileTheGpuIsOffIsNotThereWhenItComesUp() throws Exception {
        try (Machine machine = machine()) {
            Endpoint gpu = machine.endpoint(Machine.GPU);
            PowerSwitch power = machine.board().powerSwitch(gpu).orElseThrow();
            for (int page = 0; page < PAGES; page++) {
                machine.memory().write8(FIRST + (long) page * PAGE, (byte) (10 + page));
                machine.memory().write8(SECOND + (long) page * PAGE, (byte) (20 + page));
            }
            try (Domain domain = machine.domain(Machine.GPU)) {
                domain.onFault(fault -> FaultResponse.ABORT);
                AddressSpace space = domain.space();
                space.map(IOVA, FIRST, (long) PAGES * PAGE, RW);
                assertThat(words(gpu)).containsExactly(10, 11, 12, 13);
                assertThat(space.hardwareWalk(IOVA + 1)).as("ATS1PR").hasValue(FIRST + 1);

                power.off();
                assertThat(space.hardwareWalk(IOVA)).as("nobody is asked").isEmpty();
                assertThat(words(gpu)).as("off").containsExactly(-1, -1, -1, -1);
                long invalidations = count("operation.TLBI");
                assertThat(space.unmap(IOVA, (long) PAGES * PAGE)).isEqualTo((long) PAGES * PAGE);
                space.map(IOVA, SECOND, (long) 2 * PAGE, RW);
                assertThat(count("operation.TLBI")).isEqualTo(invalidations);
                assertThat(count("power.lost-write")).as("nobody tried").isZero();

                power.on();
                assertThat(count("operation.TLBI")).as("all is flushed").isGreaterThan(invalidations);
                assertThat(words(gpu)).containsExactly(20, 21, -1, -1);
                assertThat(space.hardwareWalk(IOVA)).hasValue(SECOND);
                assertThat(space.hardwareWalk(IOVA + 2 * PAGE)).as("unmapped").hasValue(0);
            }
        }
    }
}
