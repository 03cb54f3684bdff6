package org.sluice.vendor.msm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.smmuv2.testkit.Smmuv2Machine;
import org.sluice.smmuv2.testkit.Smmuv2Space;
import org.sluice.spi.board.Dma;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.StallControl;
import org.sluice.vendor.msm.gpu.CommandStream;
import org.sluice.vendor.msm.gpu.Execution;
import org.sluice.vendor.msm.gpu.Gpu;
import org.sluice.vendor.msm.gpu.TableAperture;

/** A GPU whose faults stall while somebody debugs it, and only then. */
@Timeout(60)
class GpuStallTest {
    private static final int GPU = 0;
    private static final long STREAM = Smmuv2Machine.RAM + 0x3_0000;
    private static final long STREAM_IOVA = 0x10_0000;
    private static final long NOWHERE = 0x40_0000;

    @Test
    void faultsOfTheGpuStallWhileTheyAreToldTo() throws InterruptedException {
        try (Smmuv2Machine machine = Smmuv2Machine.of(Qualcomm.ADRENO)
                        .model("profile", "qcom")
                        .hooks(new GpuBank())
                        .probe();
                Gpu gpu = new Gpu(machine.dma(GPU), new TableAperture(machine.powerOn()))) {
            Smmuv2Space space = machine.space();
            DeviceRecord device = machine.device(GPU);
            machine.unit().attach(device, Attachment.to(space.context()));
            space.map(STREAM_IOVA, STREAM, 0x1000);
            int[] words = new CommandStream().store(NOWHERE, 7).words();
            for (int i = 0; i < words.length; i++) {
                machine.memory().write32(STREAM + (long) i * Integer.BYTES, words[i]);
            }
            for (boolean stall : new boolean[] {true, false, true}) {
                ((StallControl) machine.unit()).setStall(device, stall);
                Execution execution =
                        gpu.run(STREAM_IOVA, words.length, Dma.NO_PASID).join();
                assertThat(execution.reason()).as("terminated either way").isEqualTo("store to 0x400000 aborted");
                FaultRecord fault = machine.faults().poll(30, TimeUnit.SECONDS);
                assertThat(fault.stalled()).isEqualTo(stall);
                assertThat(fault.iova()).isEqualTo(NOWHERE);
            }
        }
    }
}
