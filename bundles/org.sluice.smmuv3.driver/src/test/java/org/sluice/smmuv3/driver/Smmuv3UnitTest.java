package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.ReservedRegion;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.ReservedRegionOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.ArmStage2;
import org.sluice.spi.pgtable.Quirk;

class Smmuv3UnitTest {
    private final UnitFixture fixture = UnitFixture.probed(12);

    @AfterEach
    void shutdownGivesEverythingBackAndDisables() {
        fixture.unit.shutdown();
        assertThat(fixture.host.allocator().allocations()).isEmpty();
        assertThat(fixture.registers.get(Cr0.ADDRESS)).isZero();
        assertThat(fixture.registers.hasListeners()).isFalse();
    }

    @Test
    void pasidsAreOfferedOnlyWhereTheSmmuResolvesThem() {
        assertThat(fixture.unit).isInstanceOf(PasidOperations.class);
        assertThat(fixture.unit.capabilities().pasidBits()).isEqualTo(12);
        UnitFixture without = UnitFixture.probed(0);
        assertThat(without.unit).isNotInstanceOf(PasidOperations.class);
        assertThat(without.unit.capabilities().pasidBits()).isZero();
        without.unit.shutdown();
    }

    @Test
    void msiDoorbellsHaveAWindowOfReservedIovas() {
        DeviceRecord device = fixture.added("dev", 0, 0x142);
        ReservedRegion window = ((ReservedRegionOperations) fixture.unit)
                .reservedRegions(device)
                .get(0);
        assertThat(window.line()).isEqualTo("0x0000000008000000 0x00000000080fffff msi");
        assertThat(Prot.toString(window.prot())).isEqualTo("WRITE|NOEXEC|MMIO");
    }

    @Test
    void addedDeviceAborts() {
        fixture.added("dev", 0, 0x142);
        assertThat(fixture.streamEntry(0x142)).containsExactly(StreamEntry.abort());
        assertThat(fixture.streamEntry(0x143)).containsExactly(StreamEntry.abort());
    }

    @Test
    void attachSetsDescriptorThenStream() {
        DeviceRecord device = fixture.added("dev", 0, 0x42);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(context));
        long[] entry = fixture.streamEntry(0x42);
        assertThat(StreamTableEntry.config(entry[0])).isEqualTo(StreamTableEntry.CONFIG_S1_TRANSLATE);
        assertThat(StreamTableEntry.s1cdMax(entry[0])).isZero();
        assertThat(StreamTableEntry.s1dss(entry[1])).isEqualTo(StreamTableEntry.S1DSS_SSID0);
        long[] descriptor = fixture.descriptor(0x42, 0);
        assertThat(ContextDescriptor.ttb0(descriptor[1])).isEqualTo(0x8000_0000L);
        assertThat(ContextDescriptor.asid(descriptor[0]))
                .isEqualTo(context.record().tag());
        List<RegisterFake.Taken> commands = fixture.registers.commands();
        assertThat(commands.indexOf(cfgiCd(0x42, 0))).isLessThan(commands.indexOf(cfgiSte(0x42)));
        assertThat(commands.lastIndexOf(sync())).isGreaterThan(commands.lastIndexOf(cfgiSte(0x42)));
        assertThat(commands.get(commands.size() - 1))
                .as("fetched ahead of its use")
                .isEqualTo(new RegisterFake.Taken(DeviceCommand.prefetchConfig(0x42), 0));
    }

    @Test
    void identityPassesAndBlockedAborts() {
        DeviceRecord device = fixture.added("dev", 10, 0x42, 0x43);
        fixture.unit.attach(device, Attachment.IDENTITY);
        assertThat(fixture.streamEntry(0x42)).containsExactly(StreamEntry.bypass());
        assertThat(fixture.streamEntry(0x43)).containsExactly(StreamEntry.bypass());
        fixture.unit.attach(device, Attachment.BLOCKED);
        assertThat(fixture.streamEntry(0x43)).containsExactly(StreamEntry.abort());
    }

    /** Whatever untagged traffic does, the first PASID brings the CD table and the last takes it away. */
    @Test
    void firstPasidUpgradesTheStreamAndLastDowngradesIt() {
        DeviceRecord device = fixture.added("dev", 12, 0x42);
        TranslationContext context = fixture.context(0x8000_0000L);
        for (Attachment untagged : List.of(Attachment.BLOCKED, Attachment.IDENTITY)) {
            fixture.unit.attach(device, untagged);
            long[] before = fixture.streamEntry(0x42);
            fixture.pasids().mmAttach(device, 5, context, true);
            fixture.pasids().mmAttach(device, 3000, context, true);
            long[] entry = fixture.streamEntry(0x42);
            assertThat(StreamTableEntry.config(entry[0])).isEqualTo(StreamTableEntry.CONFIG_S1_TRANSLATE);
            assertThat(StreamTableEntry.s1Fmt(entry[0])).isEqualTo(StreamTableEntry.S1FMT_TWO_LEVEL_64K);
            assertThat(StreamTableEntry.s1cdMax(entry[0])).isEqualTo(12);
            assertThat(StreamTableEntry.s1dss(entry[1]))
                    .isEqualTo(
                            untagged == Attachment.IDENTITY
                                    ? StreamTableEntry.S1DSS_BYPASS
                                    : StreamTableEntry.S1DSS_TERMINATE);
            assertThat(fixture.descriptor(0x42, 3000)).containsExactly(fixture.descriptor(0x42, 5));
            fixture.pasids().mmDetach(device, 5, context, false);
            fixture.pasids().mmDetach(device, 3000, context, true);
            assertThat(fixture.streamEntry(0x42)).containsExactly(before);
        }
    }

    @Test
    void pasidsStayWhileUntaggedTrafficMoves() {
        DeviceRecord device = fixture.added("dev", 12, 0x42);
        TranslationContext mine = fixture.context(0x8000_0000L);
        TranslationContext one = fixture.context(0x9000_0000L);
        TranslationContext two = fixture.context(0xa000_0000L);
        fixture.pasids().mmAttach(device, 7, mine, true);
        fixture.pasids().mmAttach(device, 2000, mine, true);
        long[] descriptor = fixture.descriptor(0x42, 7);
        List<Attachment> routes = List.of(
                Attachment.to(one), Attachment.to(two), Attachment.IDENTITY, Attachment.to(one), Attachment.BLOCKED);
        for (Attachment route : routes) {
            fixture.unit.attach(device, route);
            assertThat(fixture.descriptor(0x42, 7)).as("%s", route).containsExactly(descriptor);
            assertThat(fixture.descriptor(0x42, 2000)).as("%s", route).containsExactly(descriptor);
            long v = ContextDescriptor.v(fixture.descriptor(0x42, 0)[0]);
            assertThat(v).as("%s", route).isEqualTo(route.context() == null ? 0 : 1);
        }
    }

    /** DMA sees the old or the new table: at no sync is the entry or the descriptor that it names invalid. */
    @Test
    void replacingAContextIsHitless() {
        DeviceRecord device = fixture.added("dev", 0, 0x42);
        TranslationContext one = fixture.context(0x9000_0000L);
        TranslationContext two = fixture.context(0xa000_0000L);
        fixture.unit.attach(device, Attachment.to(one));
        List<Long> roots = new ArrayList<>();
        fixture.registers.onSync(() -> {
            assertThat(StreamTableEntry.v(fixture.streamEntry(0x42)[0])).isEqualTo(1);
            long[] descriptor = fixture.descriptor(0x42, 0);
            assertThat(ContextDescriptor.v(descriptor[0])).isEqualTo(1);
            long asid = ContextDescriptor.asid(descriptor[0]);
            TranslationContext expected = asid == one.record().tag() ? one : two;
            assertThat(asid).isEqualTo(expected.record().tag());
            roots.add(ContextDescriptor.ttb0(descriptor[1]));
            assertThat(roots).last().isEqualTo(expected.record().walker().root());
        });
        fixture.unit.attach(device, Attachment.to(two));
        assertThat(roots).isNotEmpty().last().isEqualTo(0xa000_0000L);
        fixture.registers.onSync(() -> {});
    }

    /** STALL_MODEL decides what the fields that ask for stalls must say. */
    @Test
    void stallFieldsFollowTheStallModel() {
        long[] models = {
            Idr0.STALL_MODEL_STALL_AND_TERMINATE, Idr0.STALL_MODEL_TERMINATE_ONLY, Idr0.STALL_MODEL_STALL_FORCED
        };
        long[] disabled = {1, 0, 0};
        long[] stalls = {0, 0, 1};
        for (int i = 0; i < models.length; i++) {
            UnitFixture other = new UnitFixture(0);
            long idr0 = other.registers.get(Idr0.ADDRESS);
            other.registers.set(Idr0.ADDRESS, Idr0.withStallModel(idr0, models[i]));
            other.probe();
            DeviceRecord device = other.added("dev", 0, 0x42);
            other.unit.attach(device, Attachment.to(other.context(0x8000_0000L)));
            assertThat(StreamTableEntry.s1stalld(other.streamEntry(0x42)[1])).isEqualTo(disabled[i]);
            assertThat(ContextDescriptor.s(other.descriptor(0x42, 0)[0])).isEqualTo(stalls[i]);
            other.unit.shutdown();
        }
    }

    @Test
    void newLeafIsAnnouncedWithItsFirstLevelDescriptor() {
        DeviceRecord device = fixture.added("dev", 12, 0x42);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.pasids().mmAttach(device, 5, context, true);
        fixture.registers.takeCommands();
        fixture.pasids().mmAttach(device, 2048, context, true);
        assertThat(fixture.registers.commands().get(0))
                .isEqualTo(new RegisterFake.Taken(Command.cfgiCd(0x42, 2048), Command.cfgiCdLeaf(false)));
        assertThat(fixture.registers.commands().get(1)).isEqualTo(sync());
    }

    @Test
    void detachClearsThenForgetsThenInvalidatesEachSynced() {
        DeviceRecord device = fixture.added("dev", 10, 0x42, 0x43);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(fixture.context(0x9000_0000L)));
        fixture.pasids().mmAttach(device, 9, context, true);
        fixture.registers.takeCommands();
        fixture.pasids().mmDetach(device, 9, context, true);
        assertThat(ContextDescriptor.v(fixture.descriptor(0x42, 9)[0])).isZero();
        List<RegisterFake.Taken> commands = fixture.registers.commands();
        RegisterFake.Taken tlbi =
                new RegisterFake.Taken(Command.tlbiNhAsid(context.record().tag()), 0);
        int at = commands.indexOf(tlbi);
        assertThat(commands.subList(0, 3)).containsExactly(cfgiCd(0x42, 9), cfgiCd(0x43, 9), sync());
        assertThat(commands.subList(at - 1, at + 2)).containsExactly(sync(), tlbi, sync());
        assertThat(commands.lastIndexOf(cfgiCd(0x42, 9))).isLessThan(at);
    }

    @Test
    void callersMistakesAreRefusedAndChangeNothing() {
        DeviceRecord device = fixture.added("dev", 10, 0x42);
        DeviceRecord unknown = UnitFixture.device("unknown", 0, 0x50);
        TranslationContext context = fixture.context(0x8000_0000L);
        TranslationContext empty = fixture.unit.createContext(new ContextRequest(1, false, false, 0));
        fixture.pasids().mmAttach(device, 5, context, true);
        fixture.registers.takeCommands();
        refused(Errno.ERANGE, "0x10000", () -> fixture.unit.addDevice(UnitFixture.device("far", 0, 0x10000)));
        refused(Errno.EBUSY, "0x42", () -> fixture.unit.addDevice(UnitFixture.device("twin", 0, 0x42)));
        refused(Errno.ENODEV, "unknown", () -> fixture.unit.attach(unknown, Attachment.IDENTITY));
        refused(Errno.EINVAL, "page table", () -> fixture.unit.attach(device, Attachment.to(empty)));
        refused(Errno.EINVAL, "page table", () -> fixture.pasids().mmAttach(device, 6, empty, true));
        refused(Errno.ERANGE, "1 to 1023", () -> fixture.pasids().mmAttach(device, 0, context, true));
        refused(Errno.ERANGE, "1024", () -> fixture.pasids().mmAttach(device, 1024, context, true));
        refused(Errno.EBUSY, "PASID 5", () -> fixture.pasids().mmAttach(device, 5, context, true));
        refused(Errno.EINVAL, "PASID 6", () -> fixture.pasids().mmDetach(device, 6, context, true));
        refused(Errno.EBUSY, "attached", () -> fixture.unit.freeContext(context));
        refused(Errno.EOPNOTSUPP, "stage 2", () -> fixture.unit.createContext(new ContextRequest(2, false, false, 0)));
        refused(
                Errno.EOPNOTSUPP,
                "0x2000",
                () -> fixture.unit.createContext(new ContextRequest(1, false, false, 0x2000)));
        refused(Errno.EINVAL, "ArmStage2", () -> empty.install(new ArmStage2(0, 0, 0, 0, 0, 0, 0, 0)));
        assertThat(fixture.registers.commands()).isEmpty();
    }

    @Test
    void outOfMemoryChangesNothing() {
        DeviceRecord device = fixture.added("dev", 12, 0x42);
        TranslationContext context = fixture.context(0x8000_0000L);
        for (int allowed = 0; allowed < 2; allowed++) {
            long before = fixture.host.allocator().allocatedBytes();
            fixture.host.allocator().allow(allowed);
            refused(Errno.ENOMEM, "no more", () -> fixture.pasids().mmAttach(device, 5, context, true));
            assertThat(fixture.host.allocator().allocatedBytes()).isEqualTo(before);
            assertThat(fixture.streamEntry(0x42)).containsExactly(StreamEntry.abort());
        }
        fixture.host.allocator().allow(Integer.MAX_VALUE);
        fixture.pasids().mmAttach(device, 5, context, true);
    }

    @Test
    void removedDeviceAbortsAndItsStreamsAreFree() {
        DeviceRecord device = fixture.added("dev", 12, 0x42);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(context));
        fixture.pasids().mmAttach(device, 5, context, true);
        fixture.unit.removeDevice(device);
        assertThat(fixture.streamEntry(0x42)).containsExactly(StreamEntry.abort());
        fixture.unit.freeContext(context);
        fixture.added("other", 0, 0x42);
    }

    @Test
    void tagIsInvalidatedBeforeItIsFree() {
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.registers.takeCommands();
        fixture.unit.freeContext(context);
        assertThat(fixture.registers.commands())
                .containsExactly(
                        new RegisterFake.Taken(
                                Command.tlbiNhAsid(context.record().tag()), 0),
                        sync());
        refused(Errno.EINVAL, "not of this unit", () -> fixture.unit.freeContext(context));
    }

    @Test
    void upperHalfContextWantsTtbr1() {
        TranslationContext context = fixture.unit.createContext(new ContextRequest(1, true, false, 4096));
        assertThat(context.tableConfig().has(Quirk.ARM_TTBR1)).isTrue();
        assertThat(context.tableConfig().pageSizes()).isEqualTo(4096);
        refused(Errno.EINVAL, "upper half", () -> context.install(UnitFixture.walker(0x1000)));
    }

    private static void refused(Errno errno, String words, ThrowingCallable call) {
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(call)
                .withMessageContaining(words)
                .satisfies(refusal -> assertThat(refusal.errno()).isEqualTo(errno));
    }

    private static RegisterFake.Taken cfgiCd(int streamId, int substreamId) {
        return new RegisterFake.Taken(Command.cfgiCd(streamId, substreamId), Command.cfgiCdLeaf(true));
    }

    private static RegisterFake.Taken cfgiSte(int streamId) {
        return new RegisterFake.Taken(Command.cfgiSte(streamId), Command.cfgiSteLeaf(true));
    }

    private static RegisterFake.Taken sync() {
        return new RegisterFake.Taken(Command.sync(), 0);
    }
}
