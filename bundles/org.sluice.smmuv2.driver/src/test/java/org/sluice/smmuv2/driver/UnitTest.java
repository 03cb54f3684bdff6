package org.sluice.smmuv2.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitRecord;

/** What a device sees through a unit: the device model is the judge. */
@Timeout(60)
class UnitTest {
    private static final int SID = 0x42;
    private static final long IOVA = 0x1234_5000L;
    private static final long PAGE = 0x8123_4000L;

    private final Machine machine = Machine.probed();

    private UnitTest() {
        machine.memory.write32(PAGE, 1);
        machine.memory.write32(PAGE + 0x1000, 2);
    }

    @AfterEach
    void stop() {
        machine.unit.handOver();
        machine.model.close();
    }

    private static void refused(Errno errno, String message, Runnable action) {
        assertThatThrownBy(action::run)
                .isInstanceOfSatisfying(
                        IommuException.class,
                        refusal -> assertThat(refusal.errno()).isEqualTo(errno))
                .hasMessageContaining(message);
    }

    @Test
    void everyStreamAbortsUntilItIsAttached() {
        assertThat(machine.word(SID, PAGE)).as("nobody's").isEqualTo(-1);
        DeviceRecord device = machine.device("nic", SID, SID + 1);
        assertThat(machine.word(SID, PAGE)).as("blocked").isEqualTo(-1);
        machine.unit.attach(device, Attachment.IDENTITY);
        assertThat(machine.word(SID + 1, PAGE)).isOne();
        machine.unit.removeDevice(device);
        assertThat(machine.word(SID, PAGE)).isEqualTo(-1);
    }

    @Test
    void bothStagesTranslateAndSwitchWithoutAGap() {
        long root = machine.table();
        long second = machine.table();
        machine.map(root, IOVA, PAGE | Machine.RW);
        machine.map(second, IOVA, PAGE + 0x1000 | Machine.RW2);
        TranslationContext stage1 = machine.stage1(root, false);
        TranslationContext stage2 = machine.stage2(second);
        DeviceRecord device = machine.attached("nic", SID, stage1);
        assertThat(machine.word(SID, IOVA)).isOne();
        machine.unit.attach(device, Attachment.to(stage2));
        assertThat(machine.word(SID, IOVA)).isEqualTo(2);
        machine.unit.attach(device, Attachment.to(stage1));
        assertThat(machine.word(SID, IOVA)).isOne();
        machine.unit.attach(device, Attachment.BLOCKED);
        assertThat(machine.word(SID, IOVA)).isEqualTo(-1);
        machine.unit.freeContext(stage1);
        machine.unit.freeContext(stage2);
    }

    @Test
    void invalidationsReachWhatTheyNameInEveryKindOfContext() {
        for (int kind = 0; kind < 3; kind++) {
            long root = machine.table();
            boolean upper = kind == 1;
            TranslationContext context = kind == 2 ? machine.stage2(root) : machine.stage1(root, upper);
            long leaf = kind == 2 ? Machine.RW2 : Machine.RW;
            int sid = SID + kind;
            machine.attached("nic" + kind, sid, context);
            long iova = upper ? IOVA | -1L << 39 : IOVA;
            machine.map(root, iova, PAGE | leaf);
            assertThat(machine.word(sid, iova)).isOne();
            machine.map(root, iova, PAGE + 0x1000 | leaf);
            assertThat(machine.word(sid, iova)).as("cached").isOne();
            context.invalidate(iova, 0x1000, 0x1000, true);
            context.sync();
            assertThat(machine.word(sid, iova)).as("kind %d", kind).isEqualTo(2);
            machine.map(root, iova, PAGE | leaf);
            context.invalidate(iova & -1L << 30, 1L << 30, 0x1000, false);
            context.sync();
            assertThat(machine.word(sid, iova)).as("kind %d, by tag", kind).isOne();
            machine.map(root, iova, PAGE + 0x1000 | leaf);
            context.invalidateAll();
            assertThat(machine.word(sid, iova)).isEqualTo(2);
        }
    }

    @Test
    void aBankGoesWithItsLastDeviceAndIsNotStaleForTheNext() {
        int banks = 16;
        for (int round = 0; round < 2 * banks; round++) {
            long root = machine.table();
            machine.map(root, IOVA, PAGE + 0x1000 * (round & 1) | Machine.RW);
            TranslationContext context = machine.stage1(root, false);
            DeviceRecord device = machine.attached("nic", SID, context);
            assertThat(machine.word(SID, IOVA)).isEqualTo(1 + (round & 1));
            machine.unit.removeDevice(device);
            machine.unit.freeContext(context);
        }
    }

    @Test
    void whenBanksOrEntriesRunOutNothingChanges() {
        List<DeviceRecord> devices = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            devices.add(machine.attached("nic" + i, i, machine.stage1(machine.table(), false)));
        }
        DeviceRecord late = machine.device("late", SID);
        TranslationContext context = machine.stage1(machine.table(), false);
        refused(Errno.ENOSPC, "context banks", () -> machine.unit.attach(late, Attachment.to(context)));
        assertThat(machine.word(SID, PAGE)).isEqualTo(-1);
        machine.unit.attach(late, Attachment.IDENTITY);
        assertThat(machine.word(SID, PAGE)).isOne();
        machine.unit.attach(late, Attachment.to(machine.stage2(machine.table())));
        int[] many = new int[20];
        for (int i = 0; i < many.length; i++) {
            many[i] = 0x100 + i;
        }
        refused(Errno.ENOSPC, "stream match entries", () -> machine.device("wide", many));
        machine.device("single", 0x100);
    }

    @Test
    void whatCannotBeIsRefusedByName() {
        DeviceRecord device = machine.device("nic", SID);
        refused(Errno.EBUSY, "0x42", () -> machine.device("other", SID));
        refused(Errno.ERANGE, "0x10000", () -> machine.device("far", 0x10000));
        refused(
                Errno.ENODEV,
                "ghost",
                () -> machine.unit.attach(new DeviceRecord("ghost", List.of(7), 0), Attachment.IDENTITY));
        TranslationContext empty = machine.unit.createContext(new ContextRequest(1, false, false, 0));
        refused(Errno.EINVAL, "no page table", () -> machine.unit.attach(device, Attachment.to(empty)));
        refused(
                Errno.EOPNOTSUPP,
                "upper half",
                () -> machine.unit.createContext(new ContextRequest(2, true, false, 0)));
        refused(
                Errno.EOPNOTSUPP,
                "0x8000",
                () -> machine.unit.createContext(new ContextRequest(1, false, false, 0x8000)));
        TranslationContext used = machine.stage1(machine.table(), false);
        machine.unit.attach(device, Attachment.to(used));
        refused(Errno.EBUSY, "nic", () -> machine.unit.freeContext(used));
    }

    @Test
    void hardwareThatCannotWorkIsRefusedWithRegisterAndValue() {
        refused(Errno.ENODEV, "IDR0", () -> new Machine("arm,smmu-v2", "idr0.S1TS", 0, "idr0.S2TS", 0).probe());
        refused(Errno.ENODEV, "NUMSMRG", () -> new Machine("arm,smmu-v2", "idr0.NUMSMRG", 0).probe());
    }

    @Test
    void aSuccessorAdoptsWithoutAWriteAndCarriesOn() {
        long root = machine.table();
        machine.map(root, IOVA, PAGE | Machine.RW);
        TranslationContext context = machine.stage1(root, false);
        DeviceRecord device = machine.attached("nic", SID, context);
        UnitRecord record = new UnitRecord(
                UnitRecord.VERSION,
                List.of(new UnitRecord.Device(device, Attachment.Kind.TRANSLATED, context.record(), List.of())));
        machine.unit.handOver();
        Smmuv2Unit successor = (Smmuv2Unit) new Smmuv2Driver(null).adopt(machine.hardware, machine, record);
        assertThat(machine.word(SID, IOVA)).isOne();
        TranslationContext adopted = successor.adoptContext(context.record());
        assertThat(adopted.record()).isEqualTo(context.record());
        machine.map(root, IOVA, PAGE + 0x1000 | Machine.RW);
        adopted.invalidate(IOVA, 0x1000, 0x1000, true);
        adopted.sync();
        assertThat(machine.word(SID, IOVA)).isEqualTo(2);
        successor.attach(device, Attachment.BLOCKED);
        assertThat(machine.word(SID, IOVA)).isEqualTo(-1);
        successor.handOver();
    }

    @Test
    void aSuccessorRefusesWhatItWouldHaveWrittenOtherwise() {
        TranslationContext context = machine.stage1(machine.table(), false);
        DeviceRecord device = machine.attached("nic", SID, context);
        UnitRecord blocked = new UnitRecord(
                UnitRecord.VERSION, List.of(new UnitRecord.Device(device, Attachment.Kind.BLOCKED, null, List.of())));
        Smmuv2Driver next = new Smmuv2Driver(null);
        refused(Errno.EINVAL, "S2CR", () -> next.adopt(machine.hardware, machine, blocked));
        UnitRecord right = new UnitRecord(
                UnitRecord.VERSION,
                List.of(new UnitRecord.Device(device, Attachment.Kind.TRANSLATED, context.record(), List.of())));
        int bank = machine.unit.banks().owner(4) != null ? 4 : -1;
        machine.unit.space().setBank32(bank, SystemControl.OFFSET, 0);
        refused(Errno.EINVAL, "SCTLR of bank 4", () -> next.adopt(machine.hardware, machine, right));
    }

    @Test
    void afterAShutdownEveryStreamAborts() {
        DeviceRecord device = machine.device("nic", SID);
        machine.unit.attach(device, Attachment.IDENTITY);
        machine.unit.shutdown();
        assertThat(machine.word(SID, PAGE)).isEqualTo(-1);
    }

    @Test
    void shortTablesServeAnSmmuThatHasNoOthers() {
        Machine small =
                Machine.probed("idr2.PTFSV8_4K", 0, "idr2.PTFSV8_16K", 0, "idr2.PTFSV8_64K", 0, "idr0.NO_AARCH32L", 1);
        TranslationContext context = small.unit.createContext(new ContextRequest(1, false, false, 0));
        assertThat(context.tableConfig().format()).isEqualTo("ARM_V7S");
        small.memory.write32(0x8700_0000L + 0x123 * 4, 0x8120_0000 | 1 << 10 | 1 << 11 | 1 << 17 | 3 << 2 | 2);
        small.memory.write32(0x8124_5678L, 9);
        context.install(new org.sluice.spi.pgtable.ArmShort(0x8700_0000L, (int) 0x8700_0000L, 0, 0, 0));
        small.attached("nic", SID, context);
        assertThat(small.word(SID, 0x1234_5678L)).isEqualTo(9);
        small.memory.write32(0x8700_0000L + 0x123 * 4, 0);
        context.invalidate(0x1230_0000L, 0x10_0000, 0x10_0000, true);
        context.sync();
        assertThat(small.word(SID, 0x1234_5678L)).isEqualTo(-1);
        small.unit.handOver();
    }
}
