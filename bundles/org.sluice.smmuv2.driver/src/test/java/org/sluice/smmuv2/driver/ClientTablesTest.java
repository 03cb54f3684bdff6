package org.sluice.smmuv2.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.smmuv2.arch.ContextId;
import org.sluice.smmuv2.arch.TranslationControl;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.TranslationContext;

/**
 * Tables that a device loads by itself, as Adreno does: kernel half in TTBR1, a process in
 * TTBR0.
 */
@Timeout(60)
class ClientTablesTest {
    private static final int SID = 0;
    private static final long IOVA = 0x1234_5000L;
    private static final long KERNEL = IOVA | -1L << 39;
    private static final long PAGE = 0x8123_4000L;

    private final Machine machine = Machine.probed();
    private final long kernelRoot = machine.table();
    private final TranslationContext kernel = machine.stage1(kernelRoot, true);
    private final DeviceRecord gpu = machine.attached("gpu", SID, kernel);
    private final int bank = ((BankContext) kernel).bank();
    private final long[] roots = {machine.table(), machine.table()};
    private final TranslationContext[] processes = {machine.stage1(roots[0], false), machine.stage1(roots[1], false)};

    private ClientTablesTest() {
        for (int i = 0; i < 4; i++) {
            machine.memory.write32(PAGE + i * 0x1000L, i + 1);
        }
        machine.map(kernelRoot, KERNEL, PAGE | Machine.RW);
        machine.map(roots[0], IOVA, PAGE + 0x1000 | Machine.RW);
        machine.map(roots[1], IOVA, PAGE + 0x2000 | Machine.RW);
    }

    @AfterEach
    void stop() {
        machine.unit.handOver();
        machine.model.close();
    }

    /** What the switch packet of the device does. */
    private void load(int process) {
        long ttbr0 = TranslationTableBase0.withAsid(
                roots[process], processes[process].record().tag());
        machine.unit.space().setBank64(bank, TranslationTableBase0.OFFSET, ttbr0);
        machine.unit.space().setBank32(bank, ContextId.OFFSET, process + 100);
    }

    private void allow(DeviceRecord device, TranslationContext process) {
        machine.unit.allowTable(device, process, process.record().tag());
    }

    private long tcr() {
        return machine.unit.space().bank32(bank, TranslationControl.OFFSET);
    }

    @Test
    void withoutAProcessTheLowerHalfIsOffAndTheKernelsIsOn() {
        assertThat(TranslationControl.epd0(tcr())).isOne();
        assertThat(machine.word(SID, IOVA)).isEqualTo(-1);
        machine.unit.drain(gpu, -1);
        assertThat(machine.word(SID, KERNEL)).isOne();
    }

    @Test
    void theFirstTableTurnsItOnTheSecondWritesNothingTheLastTurnsItOff() {
        allow(gpu, processes[0]);
        assertThat(TranslationControl.epd0(tcr())).isZero();
        long before = machine.unit.space().bank64(bank, TranslationTableBase0.OFFSET);
        allow(gpu, processes[1]);
        assertThat(machine.unit.space().bank64(bank, TranslationTableBase0.OFFSET))
                .isEqualTo(before);
        load(0);
        assertThat(machine.word(SID, IOVA)).isEqualTo(2);
        load(1);
        assertThat(machine.word(SID, IOVA)).isEqualTo(3);
        assertThat(machine.word(SID, KERNEL)).as("the kernel's half stays").isOne();
        machine.unit.freeContext(processes[0]);
        assertThat(TranslationControl.epd0(tcr())).isZero();
        machine.unit.freeContext(processes[1]);
        assertThat(TranslationControl.epd0(tcr())).isOne();
        assertThat(machine.word(SID, IOVA)).isEqualTo(-1);
    }

    @Test
    void aTableThatIsNotLoadedIsInvalidatedByItsAsid() {
        allow(gpu, processes[0]);
        allow(gpu, processes[1]);
        load(0);
        assertThat(machine.word(SID, IOVA)).isEqualTo(2);
        load(1);
        machine.map(roots[0], IOVA, PAGE + 0x3000 | Machine.RW);
        processes[0].invalidate(IOVA, 0x1000, 0x1000, true);
        processes[0].sync();
        load(0);
        assertThat(machine.word(SID, IOVA)).isEqualTo(4);
    }

    @Test
    void theKernelsHalfIsInvalidatedWhateverProcessWasLoadedWhenItWasCached() {
        allow(gpu, processes[0]);
        load(0);
        assertThat(machine.word(SID, KERNEL)).isOne();
        machine.map(kernelRoot, KERNEL, PAGE + 0x3000 | Machine.RW);
        kernel.invalidate(KERNEL, 0x1000, 0x1000, true);
        kernel.sync();
        assertThat(machine.word(SID, KERNEL)).isEqualTo(4);
    }

    @Test
    void aFaultNamesTheProcessThatWasLoaded() throws InterruptedException {
        allow(gpu, processes[0]);
        allow(gpu, processes[1]);
        load(1);
        assertThat(machine.word(SID, IOVA + 0x1000)).isEqualTo(-1);
        FaultRecord fault = machine.faults.poll(30, TimeUnit.SECONDS);
        assertThat(machine.guilty).containsExactly(processes[1]);
        assertThat(fault.raw().get(4)).as("CONTEXTIDR").isEqualTo(101L);
        assertThat(fault.raw().get(3) >>> 48).as("ASID").isEqualTo((long)
                processes[1].record().tag());
    }

    @Test
    void whileItIsOffNothingIsWrittenAndPowerUpFlushesEverything() {
        allow(gpu, processes[0]);
        load(0);
        assertThat(machine.word(SID, IOVA)).isEqualTo(2);
        machine.powerDown();
        machine.map(roots[0], IOVA, PAGE + 0x3000 | Machine.RW);
        long before = ((org.sluice.api.Counters) machine.model).read().getOrDefault("operation.TLBIVAL", 0L);
        processes[0].invalidate(IOVA, 0x1000, 0x1000, true);
        processes[0].sync();
        assertThat(((org.sluice.api.Counters) machine.model).read().getOrDefault("operation.TLBIVAL", 0L))
                .isEqualTo(before);
        machine.powerUp();
        assertThat(machine.word(SID, IOVA)).isEqualTo(4);
    }

    @Test
    void tablesThatShareAnAsidAreInvalidatedWhateverItIsAndFaultsStillNameTheProcess() throws InterruptedException {
        machine.unit.allowTable(gpu, processes[0], 0);
        machine.unit.allowTable(gpu, processes[1], 0);
        machine.unit.space().setBank64(bank, TranslationTableBase0.OFFSET, roots[0]);
        assertThat(machine.word(SID, IOVA)).isEqualTo(2);
        machine.map(roots[0], IOVA, PAGE + 0x3000 | Machine.RW);
        processes[0].invalidate(IOVA, 0x1000, 0x1000, true);
        processes[0].sync();
        assertThat(machine.word(SID, IOVA)).isEqualTo(4);
        machine.unit.space().setBank64(bank, TranslationTableBase0.OFFSET, roots[1]);
        assertThat(machine.word(SID, IOVA))
                .as("the device has not dropped its translations")
                .isEqualTo(4);
        processes[1].invalidateAll();
        assertThat(machine.word(SID, IOVA)).isEqualTo(3);
        assertThat(machine.word(SID, IOVA + 0x1000)).isEqualTo(-1);
        machine.faults.poll(30, TimeUnit.SECONDS);
        assertThat(machine.guilty).containsExactly(processes[1]);
    }

    @Test
    void aDeviceWithoutAnUpperHalfMayNotLoadTables() {
        DeviceRecord other = machine.attached("nic", 9, machine.stage1(machine.table(), false));
        assertThatThrownBy(() -> allow(other, processes[0])).hasMessageContaining("upper half");
    }
}
