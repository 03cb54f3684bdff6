package org.sluice.smmuv2.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.FaultReason;
import org.sluice.api.FaultResponse;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitRecord;

/** From the fault registers to the core, and back to a transaction that waits. */
@Timeout(60)
class FaultTest {
    private static final int SID = 0;
    private static final long IOVA = 0x1234_5000L;
    private static final long PAGE = 0x8123_4000L;
    private static final DevicePort STALLS = new DevicePort() {
        @Override
        public boolean canStall() {
            return true;
        }
    };

    private final Machine machine = Machine.probed();
    private final long root = machine.table();
    private final ExecutorService devices = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        machine.unit.handOver();
        machine.model.close();
        devices.shutdownNow();
    }

    private DeviceRecord stalling(TranslationContext context) {
        DeviceRecord device = new DeviceRecord("gpu", List.of(SID), 0, STALLS);
        machine.unit.addDevice(device);
        machine.unit.attach(device, Attachment.to(context));
        return device;
    }

    private FaultRecord fault() throws InterruptedException {
        return machine.faults.poll(30, TimeUnit.SECONDS);
    }

    @Test
    void aContextFaultSaysWhoWhereAndWhyAndTheNextOneToo() throws InterruptedException {
        machine.attached("nic", SID, machine.stage1(root, false));
        for (int i = 0; i < 3; i++) {
            assertThat(machine.word(SID, IOVA + i * 0x1000)).isEqualTo(-1);
            FaultRecord fault = fault();
            assertThat(fault.streamId()).isEqualTo(SID);
            assertThat(fault.iova()).isEqualTo(IOVA + i * 0x1000);
            assertThat(fault.reason()).isEqualTo(FaultReason.TRANSLATION);
            assertThat(fault.stalled()).isFalse();
            machine.unit.drain(null, -1);
        }
    }

    @Test
    void aStreamThatNobodyHasIsAGlobalFault() throws InterruptedException {
        assertThat(machine.word(0x77, IOVA)).isEqualTo(-1);
        FaultRecord fault = fault();
        assertThat(fault.streamId()).isEqualTo(0x77);
        assertThat(fault.reason()).isEqualTo(FaultReason.BAD_STREAM);
    }

    @Test
    void aStalledTransactionIsRetriedWhenTheHandlerMappedThePage() {
        machine.handler = fault -> {
            machine.map(root, IOVA, PAGE | Machine.RW);
            return FaultResponse.RETRY;
        };
        machine.memory.write32(PAGE, 5);
        stalling(machine.stage1(root, false));
        assertThat(machine.word(SID, IOVA)).isEqualTo(5);
    }

    @Test
    void stallIsSwitchedWhileTheDeviceIsAttachedAndASuccessorLeavesItSo() throws InterruptedException {
        TranslationContext context = machine.stage1(root, false);
        DeviceRecord device = machine.attached("gpu", SID, context);
        assertThat(machine.word(SID, IOVA)).isEqualTo(-1);
        assertThat(fault().stalled()).isFalse();
        machine.unit.drain(device, -1);
        machine.memory.write32(PAGE, 5);
        machine.handler = fault -> {
            machine.map(root, fault.iova(), PAGE | Machine.RW);
            return FaultResponse.RETRY;
        };
        machine.unit.setStall(device, true);
        assertThat(machine.word(SID, IOVA)).as("mapped by the handler").isEqualTo(5);
        assertThat(fault().stalled()).isTrue();
        machine.unit.handOver();
        machine.unit = (Smmuv2Unit) machine.driver.adopt(
                machine.hardware,
                machine,
                new UnitRecord(
                        UnitRecord.VERSION,
                        List.of(new UnitRecord.Device(
                                device, Attachment.Kind.TRANSLATED, context.record(), List.of()))));
        assertThat(machine.word(SID, IOVA + 0x1000)).as("still stalls").isEqualTo(5);
        machine.unit.setStall(device, false);
        assertThat(machine.word(SID, IOVA + 0x2000)).isEqualTo(-1);
        assertThat(fault().stalled()).isTrue();
        assertThat(fault().stalled()).isFalse();
    }

    @Test
    void stallOfADeviceWithoutAContextIsRefusedByName() {
        DeviceRecord device = machine.device("gpu", SID);
        assertThatThrownBy(() -> machine.unit.setStall(device, true))
                .hasMessageContaining("gpu is attached to no context");
    }

    @Test
    void aStalledTransactionIsTerminatedWhenNobodyHandlesIt() {
        machine.handler = fault -> FaultResponse.UNHANDLED;
        stalling(machine.stage1(root, false));
        assertThat(machine.word(SID, IOVA)).isEqualTo(-1);
    }

    @Test
    void aStallThatTheCoreTakesIsAnsweredLater() throws InterruptedException {
        machine.takesRequests = true;
        machine.memory.write32(PAGE, 5);
        stalling(machine.stage1(root, false));
        CompletableFuture<Long> word = CompletableFuture.supplyAsync(() -> machine.word(SID, IOVA), devices);
        PageRequest request = machine.requests.poll(30, TimeUnit.SECONDS);
        assertThat(request.fault().iova()).isEqualTo(IOVA);
        assertThat(request.read()).isTrue();
        machine.unit.drain(null, -1);
        assertThat(word).isNotDone();
        assertThat(machine.requests).as("asked once").isEmpty();
        machine.map(root, IOVA, PAGE | Machine.RW);
        machine.unit.respond(request, PageResponse.SUCCESS);
        assertThat(word.join()).isEqualTo(5);
        assertThat(CompletableFuture.supplyAsync(() -> machine.word(SID, IOVA + 0x1000), devices))
                .isNotDone();
        machine.unit.respond(machine.requests.poll(30, TimeUnit.SECONDS), PageResponse.INVALID);
    }
}
