package org.sluice.smmuv2.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.FaultSyndrome0;
import org.sluice.smmuv2.arch.Resume;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.smmuv2.arch.TlbSync;
import org.sluice.smmuv2.arch.TlbiAll;
import org.sluice.smmuv2.arch.TlbiAsid;
import org.sluice.smmuv2.arch.TlbiIpaS2;
import org.sluice.smmuv2.arch.TlbiVa;
import org.sluice.smmuv2.arch.TlbiVal;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.NestingOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.pgtable.ArmStage2;

/** A guest's stage 1 over a stage 2 of ours. The guest's memory begins at IPA 0, and stage 2 puts it at {@link #BASE}. */
@Timeout(60)
class GuestTest {
    private static final int SID = 0x42;
    private static final IntUnaryOperator NONE = stream -> -1;
    private static final long BASE = 0x8200_0000L;
    private static final long IOVA = 0x1234_5000L;
    /** IPAs: the guest's three tables, and its data. */
    private static final long TABLE = 0x1000;

    private static final long DATA = 0x8000;
    private static final int ASID = 1;

    private final Machine machine = Machine.probed();
    private final long second = machine.table();
    private final TranslationContext parent = machine.stage2(second);
    private final NestingOperations nesting = (NestingOperations) machine.unit;

    private GuestTest() {
        for (long ipa = 0; ipa < 0x10_000; ipa += 0x1000) {
            machine.map(second, ipa, BASE + ipa | Machine.RW2);
        }
        plant(TABLE + (IOVA >>> 30 & 511) * 8, TABLE + 0x1000 | 3);
        plant(TABLE + 0x1000 + (IOVA >>> 21 & 511) * 8, TABLE + 0x2000 | 3);
        leaf(DATA | Machine.RW);
        machine.memory.write32(BASE + DATA, 1);
        machine.memory.write32(BASE + DATA + 0x1000, 2);
    }

    @AfterEach
    void stop() {
        machine.unit.handOver();
        machine.model.close();
    }

    private void plant(long ipa, long value) {
        machine.memory.write64(BASE + ipa, value);
    }

    private void leaf(long descriptor) {
        plant(TABLE + 0x2000 + (IOVA >>> 12 & 511) * 8, descriptor);
    }

    /** A guest's bank of 39 bits, with the upper half off: SCTLR and CBA2R, TCR and TCR2, TTBR0. */
    private static long[] bank(int sctlr) {
        return new long[] {1L << 32 | sctlr, 5L << 32 | 1 << 23 | 64 - 39, (long) ASID << 48 | TABLE};
    }

    private TranslationContext guest() {
        return nesting.createNested(parent, bank(1));
    }

    private static void refused(Errno errno, String message, Runnable action) {
        assertThatThrownBy(action::run)
                .isInstanceOfSatisfying(
                        IommuException.class,
                        refusal -> assertThat(refusal.errno()).isEqualTo(errno))
                .hasMessageContaining(message);
    }

    @Test
    void guestTranslatesAndItsAddressesAreOurs() {
        assertThat(machine.unit.capabilities().nested()).isTrue();
        DeviceRecord device = machine.attached("nic", SID, guest());
        assertThat(machine.word(SID, IOVA)).isOne();
        machine.unit.attach(device, Attachment.to(parent));
        assertThat(machine.word(SID, DATA)).as("without the guest's tables").isOne();
        machine.unit.attach(device, Attachment.BLOCKED);
        assertThat(machine.word(SID, DATA)).isEqualTo(-1);
    }

    @Test
    void guestThatIsOffUsesTheBankOfItsStageTwo() {
        TranslationContext off = nesting.createNested(parent, new long[0]);
        DeviceRecord device = machine.attached("nic", SID, off);
        assertThat(machine.word(SID, DATA)).isOne();
        assertThat(machine.unit.banks().owner(1)).isNull();
        TranslationContext on = guest();
        machine.unit.attach(device, Attachment.to(on));
        assertThat(machine.word(SID, IOVA)).isOne();
        machine.unit.attach(device, Attachment.to(off));
        assertThat(machine.word(SID, DATA)).isOne();
    }

    @Test
    void guestInvalidatesItsOwnTranslationsAndNobodyElses() {
        machine.attached("nic", SID, guest());
        long[][] ways = {
            {TlbiVa.OFFSET, (long) ASID << 48 | IOVA >>> 12},
            {TlbiVal.OFFSET, (long) ASID << 48 | IOVA >>> 12},
            {TlbiAsid.OFFSET, ASID},
            {TlbiAll.OFFSET, 0},
        };
        long next = DATA + 0x1000;
        for (long[] way : ways) {
            long before = machine.word(SID, IOVA);
            leaf(next | Machine.RW);
            assertThat(machine.word(SID, IOVA)).as("cached").isEqualTo(before);
            assertThat(nesting.invalidate(parent, new long[] {way[0], way[1], TlbSync.OFFSET, 0}, NONE))
                    .isEqualTo(2);
            assertThat(machine.word(SID, IOVA)).as("way 0x%x", way[0]).isEqualTo(3 - before);
            next ^= DATA ^ DATA + 0x1000;
        }
        long root = machine.table();
        machine.map(root, IOVA, BASE + DATA | Machine.RW);
        machine.attached("host", SID + 1, machine.stage1(root, false));
        assertThat(machine.word(SID + 1, IOVA)).isOne();
        machine.map(root, IOVA, BASE + DATA + 0x1000 | Machine.RW);
        nesting.invalidate(parent, new long[] {TlbiAll.OFFSET, 0}, NONE);
        assertThat(machine.word(SID + 1, IOVA)).as("the host's is still cached").isOne();
    }

    @Test
    void commandThatIsNotTheGuestsIsRefusedAndThoseBeforeItAreRun() {
        machine.attached("nic", SID, guest());
        assertThat(machine.word(SID, IOVA)).isOne();
        leaf(DATA + 0x1000 | Machine.RW);
        long[] commands = {TlbiAll.OFFSET, 0, TlbiIpaS2.OFFSET, 0};
        refused(
                Errno.EIO,
                "command 1 of the guest, a write of 0x0 to 0x630",
                () -> nesting.invalidate(parent, commands, NONE));
        assertThat(machine.word(SID, IOVA)).isEqualTo(2);
        refused(Errno.EIO, "0x8 of", () -> nesting.invalidate(parent, new long[] {Resume.OFFSET, 0}, NONE));
    }

    @Test
    void pageThatWeTakeFromTheGuestIsGoneAtOnce() {
        machine.attached("nic", SID, guest());
        assertThat(machine.word(SID, IOVA)).isOne();
        machine.map(second, DATA, 0);
        parent.invalidate(DATA, 0x1000, 0x1000, true);
        parent.sync();
        assertThat(machine.word(SID, IOVA)).isEqualTo(-1);
    }

    @Test
    void whatStageTwoRefusesIsReportedFromItsBank() throws InterruptedException {
        machine.attached("nic", SID, guest());
        leaf(0x5000_0000L | Machine.RW);
        assertThat(machine.word(SID, IOVA)).isEqualTo(-1);
        FaultRecord fault = machine.faults.poll(30, TimeUnit.SECONDS);
        assertThat(fault.iova()).isEqualTo(IOVA);
        assertThat(fault.streamId()).isEqualTo(SID);
        long syndrome = fault.raw().get(1);
        int first = (int) FaultSyndrome0.s1cbndx(syndrome);
        assertThat(machine.unit.banks().owner(first)).isInstanceOf(GuestContext.class);
        assertThat(machine.unit.banks().owner((int) (long) fault.raw().get(5))).isSameAs(parent);
    }

    @Test
    void fieldsThatAreOursAreRefusedByName() {
        refused(
                Errno.EIO,
                "bits 0x80 of SCTLR",
                () -> nesting.createNested(parent, bank(1 | (int) SystemControl.CFCFG_MASK)));
        refused(Errno.EIO, "CBA2R", () -> nesting.createNested(parent, new long[] {7L << 48 | 1}));
        refused(Errno.EIO, "TCR2", () -> nesting.createNested(parent, new long[] {1L << 32 | 1, 1L << 63}));
        refused(Errno.EINVAL, "is not a stage-2 context", () -> nesting.createNested(guest(), bank(1)));
        TranslationContext bare = machine.unit.createContext(new ContextRequest(2, false, false, 0));
        refused(Errno.EINVAL, "no page table installed", () -> nesting.createNested(bare, bank(1)));
        refused(Errno.EINVAL, "takes no walker", () -> guest().install(new ArmStage2(0, 25, 1, 0, 3, 1, 1, 5)));
        Machine narrow = Machine.probed("idr0.NO_AARCH32S", 1);
        TranslationContext under = narrow.stage2(narrow.table());
        refused(
                Errno.EIO,
                "does not walk",
                () -> ((NestingOperations) narrow.unit).createNested(under, new long[] {1}));
        narrow.unit.handOver();
    }

    @Test
    void smmuWithoutNestingSaysSo() {
        Machine plain = Machine.probed("idr0.NTS", 0);
        assertThat(plain.unit.capabilities().nested()).isFalse();
        assertThat(plain.unit).isNotInstanceOf(NestingOperations.class);
        plain.unit.handOver();
    }

    @Test
    void stageTwoStaysWhileAGuestRestsOnIt() {
        TranslationContext guest = guest();
        refused(Errno.EBUSY, "carries 1 guests", () -> machine.unit.freeContext(parent));
        DeviceRecord device = machine.attached("nic", SID, guest);
        refused(Errno.EBUSY, "used by device nic", () -> machine.unit.freeContext(guest));
        machine.unit.attach(device, Attachment.BLOCKED);
        assertThat(machine.unit.banks().owner(0)).as("both banks are back").isNull();
        machine.unit.freeContext(guest);
        machine.unit.freeContext(parent);
        refused(Errno.EINVAL, "not of this unit", () -> machine.unit.freeContext(guest));
    }

    @Test
    void withoutASecondBankNothingIsKept() {
        Machine one = Machine.probed("idr1.NUMCB", 1, "idr1.NUMS2CB", 0);
        TranslationContext under = one.stage2(one.table());
        TranslationContext nested = ((NestingOperations) one.unit).createNested(under, bank(1));
        DeviceRecord device = one.device("nic", SID);
        refused(Errno.ENOSPC, "all 1 context banks", () -> one.unit.attach(device, Attachment.to(nested)));
        one.unit.attach(device, Attachment.to(one.stage1(one.table(), false)));
        one.unit.handOver();
    }

    @Test
    void successorFindsGuestAndStageTwo() {
        TranslationContext guest = guest();
        TranslationContext off = nesting.createNested(parent, new long[0]);
        DeviceRecord device = machine.attached("nic", SID, guest);
        DeviceRecord passing = machine.attached("disk", SID + 1, off);
        machine.unit.handOver();
        UnitRecord record = new UnitRecord(
                UnitRecord.VERSION,
                List.of(
                        new UnitRecord.Device(device, Attachment.Kind.TRANSLATED, guest.record(), List.of()),
                        new UnitRecord.Device(passing, Attachment.Kind.TRANSLATED, off.record(), List.of())));
        Smmuv2Unit next = (Smmuv2Unit) new Smmuv2Driver(null).adopt(machine.hardware, machine, record);
        TranslationContext under = next.adoptContext(parent.record());
        TranslationContext adopted = next.adoptContext(guest.record());
        assertThat(adopted.record()).isEqualTo(guest.record());
        assertThat(machine.word(SID, IOVA)).isOne();
        assertThat(machine.word(SID + 1, DATA)).isOne();
        machine.map(second, DATA, 0);
        under.invalidate(DATA, 0x1000, 0x1000, true);
        under.sync();
        assertThat(machine.word(SID, IOVA)).isEqualTo(-1);
        next.drain(device, -1);
        next.attach(device, Attachment.BLOCKED);
        next.freeContext(adopted);
        next.handOver();
        Smmuv2Driver another = new Smmuv2Driver(null);
        refused(Errno.EINVAL, "", () -> another.adopt(machine.hardware, machine, record));
    }
}
