package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr1;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.L1ContextDescriptor;
import org.sluice.smmuv3.arch.L1StreamTableDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.pgtable.ArmStage1;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class AdoptionTest {
    private static final int DISK = 0x10;
    private static final int DISK_TWIN = 0x11;
    private static final int GPU = 0x142;
    private static final int NIC = 0x20;
    private static final int IDLE = 0x30;

    private final UnitFixture fixture = UnitFixture.probed(12);
    private final DeviceRecord disk = UnitFixture.device("disk", 0, DISK, DISK_TWIN);
    private final DeviceRecord gpu = UnitFixture.device("gpu", 12, GPU);
    private final DeviceRecord nic = UnitFixture.device("nic", 4, NIC);
    private final DeviceRecord idle = UnitFixture.device("idle", 0, IDLE);
    private TranslationContext shared;
    private TranslationContext first;
    private TranslationContext second;

    @BeforeEach
    void aPredecessorAttachedEverythingThereIs() {
        shared = fixture.context(0x8000_0000L);
        first = fixture.context(0x9000_0000L);
        second = fixture.context(0xa000_0000L);
        for (DeviceRecord device : List.of(disk, gpu, nic, idle)) {
            fixture.unit.addDevice(device);
        }
        fixture.unit.attach(disk, Attachment.to(shared));
        fixture.unit.attach(nic, Attachment.IDENTITY);
        fixture.pasids().mmAttach(nic, 3, first, true);
        fixture.unit.attach(gpu, Attachment.to(shared));
        fixture.pasids().mmAttach(gpu, 7, first, true);
        fixture.pasids().mmAttach(gpu, 2500, second, true);
        fixture.unit.handOver();
    }

    @Test
    void adoptionWritesNothing() {
        long memoryWrites = fixture.memory.writes();
        int registerWrites = fixture.registers.writes().size();
        fixture.adopt(record());
        assertThat(fixture.memory.writes()).isEqualTo(memoryWrites);
        assertThat(fixture.registers.writes()).hasSize(registerWrites);
        fixture.unit.shutdown();
    }

    @Test
    void successorGoesOnWhereThePredecessorStopped() {
        long producer = fixture.registers.get(CmdqProd.ADDRESS);
        fixture.registers.takeCommands();
        fixture.adopt(record());
        TranslationContext adopted = fixture.unit.adoptContext(first.record());
        assertThat(adopted.record()).isEqualTo(first.record());
        fixture.pasids().mmDetach(gpu, 7, adopted, true);
        assertThat(ContextDescriptor.v(fixture.descriptor(GPU, 7)[0])).isZero();
        assertThat(fixture.registers.get(CmdqProd.ADDRESS))
                .isEqualTo(producer + fixture.registers.commands().size());
        fixture.pasids().mmAttach(gpu, 8, adopted, true);
        fixture.unit.attach(disk, Attachment.BLOCKED);
        assertThat(fixture.streamEntry(DISK_TWIN)).containsExactly(StreamEntry.abort());
        fixture.unit.shutdown();
        assertThat(fixture.host.allocator().allocations()).isEmpty();
    }

    @Test
    void eventsThatWaitedInTheQueueReachTheSuccessor() {
        fixture.registers.raise(0x0000_0142_0000_0010L, 0, 0x1000, 0);
        fixture.adopt(record());
        while (fixture.host.faults().isEmpty() && !Thread.currentThread().isInterrupted()) {
            Thread.yield();
        }
        assertThat(fixture.host.faults()).hasSize(1);
        assertThat(EventqCons.rd(fixture.registers.get(EventqCons.ADDRESS))).isEqualTo(1);
        fixture.unit.shutdown();
    }

    @Test
    void eachContextIsHandedOutOnceAndItsTagStaysTaken() {
        fixture.adopt(record());
        fixture.unit.adoptContext(first.record());
        refusedCall(() -> fixture.unit.adoptContext(first.record()), "another context's");
        ContextRecord other = second.record();
        ContextRecord lie =
                new ContextRecord(other.request(), other.tag(), 1, other.table(), UnitFixture.walker(0xdead_0000L));
        refusedCall(() -> fixture.unit.adoptContext(lie), "in use for");
        fixture.unit.shutdown();
    }

    @Test
    void contextThatIsNowhereAttachedIsRestoredWithItsTag() {
        ContextRecord free = new ContextRecord(
                first.record().request(), 77, 1, first.record().table(), UnitFixture.walker(0xb000_0000L));
        fixture.adopt(record());
        assertThat(fixture.unit.adoptContext(free).record()).isEqualTo(free);
        fixture.unit.shutdown();
    }

    @Test
    void attributeSlotsThatNoLeafSelectsMayDiffer() {
        long address = fixture.descriptorAddress(GPU, 7) + 3 * Long.BYTES;
        fixture.memory.write64(address, fixture.memory.read64(address) | 0xffffffff00000000L);
        fixture.adopt(record());
        fixture.unit.shutdown();
    }

    @Test
    void anyUsedBitOfAStreamTableEntryThatDiffersIsRefused() {
        for (int streamId : List.of(DISK, DISK_TWIN, GPU, NIC, IDLE, 0x31, 0x100)) {
            refuseEveryFlip(new StreamEntryBits(), fixture.streams().entry(streamId), -1L);
        }
    }

    @Test
    void anyUsedBitOfAContextDescriptorThatDiffersIsRefused() {
        long slots = 0xffffffffL;
        refuseEveryFlip(new ContextEntryBits(), fixture.descriptorAddress(DISK, 0), slots);
        refuseEveryFlip(new ContextEntryBits(), fixture.descriptorAddress(GPU, 0), slots);
        refuseEveryFlip(new ContextEntryBits(), fixture.descriptorAddress(GPU, 7), slots);
        refuseEveryFlip(new ContextEntryBits(), fixture.descriptorAddress(GPU, 2500), slots);
        refuseEveryFlip(new ContextEntryBits(), fixture.descriptorAddress(NIC, 3), slots);
        refuseEveryFlip(new ContextEntryBits(), fixture.descriptorAddress(NIC, 0), slots);
        refuseEveryFlip(new ContextEntryBits(), fixture.descriptorAddress(NIC, 4), slots);
    }

    @Test
    void anyUsedBitOfAFirstLevelDescriptorThatDiffersIsRefused() {
        TwoLevelStreamTable streams = (TwoLevelStreamTable) fixture.streams();
        long used = L1StreamTableDescriptor.SPAN_MASK | L1StreamTableDescriptor.L2PTR_MASK;
        for (int index : List.of(0, 1)) {
            refuseEveryFlip(streams.base() + (long) index * Long.BYTES, used);
        }
        refuseEveryFlip(streams.base() + 2 * Long.BYTES, L1StreamTableDescriptor.SPAN_MASK);
        long contexts = StreamTableEntry.s1ContextPtr(fixture.streamEntry(GPU)[0]);
        used = L1ContextDescriptor.V_MASK | L1ContextDescriptor.L2PTR_MASK;
        refuseEveryFlip(contexts, used);
        refuseEveryFlip(contexts + 2 * Long.BYTES, used);
        refuseEveryFlip(contexts + Long.BYTES, L1ContextDescriptor.V_MASK);
    }

    @Test
    void registersThatDifferAreRefused() {
        Map<Integer, Long> used = Map.of(
                Cr0.ADDRESS,
                Cr0.SMMUEN_MASK | Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK | Cr0.PRIQEN_MASK,
                Cr1.ADDRESS,
                RegisterValues.cr1(),
                Cr2.ADDRESS,
                RegisterValues.cr2(),
                StrtabBaseCfg.ADDRESS,
                StrtabBaseCfg.FMT_MASK | StrtabBaseCfg.SPLIT_MASK | StrtabBaseCfg.LOG2SIZE_MASK,
                StrtabBase.ADDRESS,
                StrtabBase.ADDR_MASK,
                CmdqBase.ADDRESS,
                CmdqBase.ADDR_MASK | CmdqBase.LOG2SIZE_MASK,
                EventqBase.ADDRESS,
                EventqBase.ADDR_MASK | EventqBase.LOG2SIZE_MASK,
                IrqCtrl.ADDRESS,
                RegisterValues.irqCtrl(Features.identify(fixture.registers, Map.of())));
        used.forEach((register, mask) -> {
            long before = fixture.registers.get(register);
            for (int bit = 0; bit < Long.SIZE; bit++) {
                if ((mask >>> bit & 1) != 0) {
                    fixture.registers.set(register, before ^ 1L << bit);
                    refused(record(), "");
                }
            }
            fixture.registers.set(register, before);
        });
        fixture.adopt(record());
        fixture.unit.shutdown();
    }

    @Test
    void recordThatDiffersFromTheTablesIsRefused() {
        refused(
                withPasids(new UnitRecord.Pasid(7, second.record()), new UnitRecord.Pasid(2500, second.record())),
                "CD");
        refused(withPasids(new UnitRecord.Pasid(7, first.record())), "SubstreamID 0x9c4");
        refused(
                withPasids(
                        new UnitRecord.Pasid(7, first.record()),
                        new UnitRecord.Pasid(2500, second.record()),
                        new UnitRecord.Pasid(2501, second.record())),
                "SubstreamID 0x9c5");
        refused(withPasids(new UnitRecord.Pasid(4096, first.record())), "PASID 4096");
        ArmStage1 walker = (ArmStage1) second.record().walker();
        ArmStage1 wider = new ArmStage1(walker.root(), 25, 0, 3, 1, 1, 4, false, walker.mair());
        ContextRecord narrow = new ContextRecord(
                second.record().request(),
                second.record().tag(),
                1,
                second.record().table(),
                wider);
        refused(
                withPasids(new UnitRecord.Pasid(7, first.record()), new UnitRecord.Pasid(2500, narrow)),
                "SubstreamID 0x9c4");
        refused(new UnitRecord(2, List.of()), "version 2");
        refused(new UnitRecord(1, List.of()), "StreamID 0x10, which no device has");
        fixture.adopt(record());
        fixture.unit.shutdown();
    }

    private UnitRecord record() {
        return withPasids(new UnitRecord.Pasid(7, first.record()), new UnitRecord.Pasid(2500, second.record()));
    }

    private UnitRecord withPasids(UnitRecord.Pasid... gpuPasids) {
        List<UnitRecord.Device> devices = new ArrayList<>();
        devices.add(new UnitRecord.Device(disk, Attachment.Kind.TRANSLATED, shared.record(), List.of()));
        devices.add(new UnitRecord.Device(gpu, Attachment.Kind.TRANSLATED, shared.record(), List.of(gpuPasids)));
        devices.add(new UnitRecord.Device(
                nic, Attachment.Kind.IDENTITY, null, List.of(new UnitRecord.Pasid(3, first.record()))));
        devices.add(new UnitRecord.Device(idle, Attachment.Kind.BLOCKED, null, List.of()));
        return new UnitRecord(UnitRecord.VERSION, devices);
    }

    private void refuseEveryFlip(UsedBits bits, long address, long attributeSlots) {
        long[] used = bits.used(EntryWriter.read(fixture.memory, address));
        if (bits instanceof ContextEntryBits) {
            used[ContextDescriptor.MAIR_WORD] &= attributeSlots;
        }
        for (int word = 0; word < used.length; word++) {
            refuseEveryFlip(address + (long) word * Long.BYTES, used[word]);
        }
    }

    private void refuseEveryFlip(long address, long used) {
        long before = fixture.memory.read64(address);
        for (int bit = 0; bit < Long.SIZE; bit++) {
            if ((used >>> bit & 1) != 0) {
                fixture.memory.write64(address, before ^ 1L << bit);
                refused(record(), "cannot take over");
            }
        }
        fixture.memory.write64(address, before);
    }

    private void refused(UnitRecord record, String words) {
        long memoryWrites = fixture.memory.writes();
        int registerWrites = fixture.registers.writes().size();
        refusedCall(() -> fixture.adopt(record), words);
        assertThat(fixture.memory.writes()).isEqualTo(memoryWrites);
        assertThat(fixture.registers.writes()).hasSize(registerWrites);
        assertThat(fixture.registers.hasListeners()).isFalse();
    }

    private static void refusedCall(ThrowingCallable call, String words) {
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(call)
                .withMessageContaining(words)
                .satisfies(refusal -> assertThat(refusal.errno()).isEqualTo(Errno.EINVAL));
    }
}
