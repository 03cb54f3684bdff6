package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.Counters;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CommandHeader;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitRecord;

/** ATS: when a device may cache, in which order it is switched, what is invalidated, and what becomes of a silent one. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class DeviceCachesTest {
    private static final int STREAM = 0x42;

    private final UnitFixture fixture = UnitFixture.probedComplete(10);
    private final List<String> journal = new ArrayList<>();
    private final DeviceRecord device = fixture.added("dev", 10, new TestPort(journal, true), STREAM);

    @AfterEach
    void shutdownGivesEverythingBack() {
        fixture.unit.shutdown();
        assertThat(fixture.host.allocator().allocations()).isEmpty();
    }

    @Test
    void whatDevicesTranslatedIsChecked() {
        assertThat(Cr0.atschk(fixture.registers.get(Cr0.ADDRESS))).isEqualTo(1);
        assertThat(Cr0.priqen(fixture.registers.get(Cr0.ADDRESS))).isEqualTo(1);
        assertThat(fixture.unit.capabilities().capabilities()).contains(org.sluice.api.Capability.PCI_ATS);
    }

    /** The ordering rule of the house: EATS before the endpoint; endpoint, CMD_ATC_INV, EATS. */
    @Test
    void eatsComesFirstAndGoesLast() {
        recordCommands();
        fixture.unit.attach(device, Attachment.to(fixture.context(0x8000_0000L)));
        assertThat(journal.indexOf("ATS on 12"))
                .isGreaterThan(journal.lastIndexOf("SYNC, EATS 1"))
                .isLessThan(journal.indexOf("PRI on 8"));
        assertThat(journal).contains("SYNC, EATS 1");
        journal.clear();
        fixture.unit.attach(device, Attachment.BLOCKED);
        assertThat(journal.subList(0, 4)).containsExactly("PRI off", "ATS off", "ATC_INV all", "SYNC, EATS 1");
        assertThat(StreamTableEntry.eats(fixture.streamEntry(STREAM)[1])).isZero();
    }

    @Test
    void deviceWithoutTranslationDoesNotCache() {
        fixture.unit.attach(device, Attachment.IDENTITY);
        fixture.unit.attach(device, Attachment.BLOCKED);
        assertThat(journal).isEmpty();
    }

    @Test
    void pasidsKeepItOnAndTheLastTurnsItOff() {
        TranslationContext one = fixture.context(0x8000_0000L);
        TranslationContext two = fixture.context(0x9000_0000L);
        fixture.unit.attach(device, Attachment.IDENTITY);
        fixture.pasids().mmAttach(device, 5, one, true);
        assertThat(journal).containsExactly("ATS on 12", "PRI on 8");
        fixture.pasids().mmAttach(device, 6, two, true);
        fixture.pasids().mmDetach(device, 5, one, true);
        assertThat(journal).hasSize(2);
        fixture.pasids().mmDetach(device, 6, two, true);
        assertThat(journal).containsExactly("ATS on 12", "PRI on 8", "PRI off", "ATS off");
        assertThat(fixture.streamEntry(STREAM)).containsExactly(StreamEntry.bypass());
    }

    /** CD, its invalidation; TLBI by ASID; CMD_ATC_INV by SubstreamID; each synced before the next. */
    @Test
    void detachOfAPasidInvalidatesInOrder() {
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(fixture.context(0x9000_0000L)));
        fixture.pasids().mmAttach(device, 5, context, true);
        fixture.registers.takeCommands();
        fixture.pasids().mmDetach(device, 5, context, true);
        assertThat(opcodes().subList(0, 8))
                .as("two passes of the writer, then the rest")
                .containsExactly("CFGI_CD", "SYNC", "CFGI_CD", "SYNC", "TLBI_NH_ASID", "SYNC", "ATC_INV", "SYNC");
        RegisterFake.Taken inv = find(Opcode.ATC_INV);
        assertThat(CmdAtcInv.ssv(inv.word0())).isEqualTo(1);
        assertThat(CmdAtcInv.substreamID(inv.word0())).isEqualTo(5);
        assertThat(CmdAtcInv.size(inv.word1())).isEqualTo(CmdAtcInv.SIZE_ALL);
    }

    @Test
    void unmapInvalidatesTheTlbThenSyncsThenTheDevice() {
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(context));
        fixture.registers.takeCommands();
        context.invalidate(0x8000, 4 * 4096, 4096, true);
        assertThat(opcodes()).as("queued, not waited for").containsExactly("TLBI_NH_VA");
        context.sync();
        assertThat(opcodes()).containsExactly("TLBI_NH_VA", "SYNC", "ATC_INV", "SYNC");
        assertThat(find(Opcode.ATC_INV)).isEqualTo(new RegisterFake.Taken(0x0000_0042_0000_0040L, 0x8002));
        fixture.registers.takeCommands();
        context.sync();
        assertThat(opcodes()).as("nothing new").containsExactly("SYNC");
    }

    @Test
    void contextWithoutSuchDevicesPaysNothing() {
        DeviceRecord plain = fixture.added("plain", 0, 0x50);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(plain, Attachment.to(context));
        fixture.unit.attach(device, Attachment.to(context));
        fixture.unit.attach(device, Attachment.BLOCKED);
        fixture.registers.takeCommands();
        context.invalidate(0x8000, 4096, 4096, true);
        context.sync();
        assertThat(opcodes()).containsExactly("TLBI_NH_VA", "SYNC");
    }

    @Test
    void eachDeviceAndPasidOfAContextIsInvalidated() {
        DeviceRecord other = fixture.added("other", 10, TestPort.withAts(), 0x50, 0x51);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(other, Attachment.to(context));
        fixture.pasids().mmAttach(device, 7, context, true);
        fixture.registers.takeCommands();
        context.invalidateAll();
        assertThat(fixture.registers.commands().stream()
                        .filter(command -> CommandHeader.opcode(command.word0()) == Opcode.ATC_INV)
                        .map(command -> Long.toHexString(CmdAtcInv.streamID(command.word0())) + "."
                                + CmdAtcInv.substreamID(command.word0())))
                .containsExactly("42.7", "50.0", "51.0");
    }

    @Test
    void adoptionLeavesTheSwitchesAloneAndKnowsWhoCaches() {
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(context));
        fixture.unit.handOver();
        journal.clear();
        fixture.adopt(new UnitRecord(
                1, List.of(new UnitRecord.Device(device, Attachment.Kind.TRANSLATED, context.record(), List.of()))));
        assertThat(journal).isEmpty();
        TranslationContext adopted = fixture.unit.adoptContext(context.record());
        fixture.registers.takeCommands();
        adopted.invalidate(0x8000, 4096, 4096, true);
        adopted.sync();
        assertThat(opcodes()).containsExactly("TLBI_NH_VA", "SYNC", "ATC_INV", "SYNC");
        fixture.unit.attach(device, Attachment.BLOCKED);
        assertThat(journal).containsExactly("PRI off", "ATS off");
    }

    /** The goldens of linux-iommu.md section 3.4. */
    @ParameterizedTest
    @CsvSource({"0x8000, 0xbfff, 0x8002", "0x7000, 0xafff, 0x4", "0x1000, 0x1fff, 0x1000", "0, -1, 0x34"})
    void deviceRangeIsTheSmallestAlignedPowerOfTwoThatCovers(String first, String last, String expected) {
        assertThat(DeviceCommand.atcInvRange(Long.decode(first), Long.decode(last)))
                .isEqualTo(Long.decode(expected));
    }

    @Test
    void everyBitOfTheWholeIsOneCommand() {
        assertThat(new RegisterFake.Taken(
                        DeviceCommand.atcInv(STREAM, DeviceCommand.UNTAGGED), DeviceCommand.atcInvRange(0, -1L)))
                .hasToString("0000004200000040 0000000000000034");
    }

    /** The SYNC stops, is repeated, and completes; the silent device, and only that, is blocked before the call returns. */
    @Test
    void silentDeviceIsShutOutBeforeTheInvalidationReturns() {
        DeviceRecord other = fixture.added("other", 0, TestPort.withAts(), 0x50);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(context));
        fixture.unit.attach(other, Attachment.to(context));
        journal.clear();
        fixture.registers.silenceDevices(stream -> stream == STREAM);
        context.invalidate(0x8000, 4096, 4096, true);
        context.sync();
        assertThat(fixture.streamEntry(STREAM)).containsExactly(StreamEntry.abort());
        assertThat(journal).containsExactly("PRI off", "ATS off");
        assertThat(StreamTableEntry.config(fixture.streamEntry(0x50)[0]))
                .as("the other device goes on")
                .isEqualTo(StreamTableEntry.CONFIG_S1_TRANSLATE);
        assertThat(counters()).containsEntry("driver.devices.shutout", 1L).containsEntry("driver.commands.refused", 0L);
        assertThat(counters().get("driver.devices.timeouts")).isGreaterThanOrEqualTo(2);

        refused(Errno.EIO, () -> fixture.unit.attach(device, Attachment.to(fixture.context(0x9000_0000L))));
        refused(Errno.EIO, () -> fixture.unit.attach(device, Attachment.IDENTITY));
        fixture.unit.attach(device, Attachment.BLOCKED);
        fixture.registers.silenceDevices(stream -> false);
        fixture.unit.removeDevice(device);
        fixture.unit.addDevice(device);
        fixture.unit.attach(device, Attachment.to(context));
        assertThat(StreamTableEntry.config(fixture.streamEntry(STREAM)[0]))
                .isEqualTo(StreamTableEntry.CONFIG_S1_TRANSLATE);
    }

    @Test
    void deviceThatIsSilentWhenItIsDetachedIsShutOutToo() {
        TranslationContext one = fixture.context(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(one));
        fixture.registers.silenceDevices(stream -> true);
        fixture.unit.attach(device, Attachment.to(fixture.context(0x9000_0000L)));
        assertThat(fixture.streamEntry(STREAM)).containsExactly(StreamEntry.abort());
        fixture.registers.silenceDevices(stream -> false);
        fixture.unit.removeDevice(device);
        fixture.unit.freeContext(one);
    }

    /** A thread whose range another thread's sync took along must not return before that is done. */
    @Test
    void syncNeverReturnsBeforeWhatItQueuedIsOutOfTheDevice() throws Exception {
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(context));
        int threads = 4;
        long[] flushed = new long[threads];
        fixture.registers.refuse(command -> {
            if (CommandHeader.opcode(command.word0()) == Opcode.ATC_INV) {
                long addr = CmdAtcInv.addr(command.word1());
                long bytes = 4096L << CmdAtcInv.size(command.word1());
                synchronized (flushed) {
                    for (int thread = 0; thread < threads; thread++) {
                        long page = (long) (thread + 1) << 20;
                        flushed[thread] += addr <= page && page < addr + bytes ? 1 : 0;
                    }
                }
            }
            return false;
        });
        AtomicBoolean broken = new AtomicBoolean();
        List<Thread> workers = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            int id = thread;
            Thread worker = new Thread(() -> {
                for (int round = 0; round < 300; round++) {
                    long before;
                    synchronized (flushed) {
                        before = flushed[id];
                    }
                    context.invalidate((long) (id + 1) << 20, 4096, 4096, true);
                    context.sync();
                    synchronized (flushed) {
                        if (flushed[id] == before) {
                            broken.set(true);
                        }
                    }
                }
            });
            workers.add(worker);
            worker.start();
        }
        for (Thread worker : workers) {
            worker.join();
        }
        fixture.registers.refuse(command -> false);
        assertThat(broken).isFalse();
    }

    private void recordCommands() {
        fixture.registers.refuse(command -> {
            if (CommandHeader.opcode(command.word0()) == Opcode.ATC_INV) {
                journal.add("ATC_INV " + (CmdAtcInv.size(command.word1()) == CmdAtcInv.SIZE_ALL ? "all" : "range"));
            }
            return false;
        });
        fixture.registers.onSync(
                () -> journal.add("SYNC, EATS " + StreamTableEntry.eats(fixture.streamEntry(STREAM)[1])));
    }

    private Map<String, Long> counters() {
        return ((Counters) fixture.unit).read();
    }

    private List<String> opcodes() {
        return fixture.registers.commands().stream()
                .map(command -> Opcode.name((int) CommandHeader.opcode(command.word0())))
                .collect(Collectors.toList());
    }

    private RegisterFake.Taken find(int opcode) {
        return fixture.registers.commands().stream()
                .filter(command -> CommandHeader.opcode(command.word0()) == opcode)
                .findFirst()
                .orElseThrow();
    }

    private static void refused(Errno errno, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(call)
                .satisfies(refusal -> assertThat(refusal.errno()).isEqualTo(errno));
    }
}
