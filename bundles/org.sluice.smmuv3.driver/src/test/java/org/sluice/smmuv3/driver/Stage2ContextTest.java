package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdTlbiS2Ipa;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Contexts of stage 2: what the entries say, what is invalidated, and the ways from and to every other route. */
class Stage2ContextTest {
    private final UnitFixture fixture = UnitFixture.probedComplete(10);

    @AfterEach
    void shutdownGivesEverythingBack() {
        fixture.unit.shutdown();
        assertThat(fixture.host.allocator().allocations()).isEmpty();
    }

    @Test
    void entryNamesTablesAndVmid() {
        DeviceRecord device = fixture.added("dev", 10, 0x42);
        TranslationContext context = fixture.stage2(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(context));
        long[] entry = fixture.streamEntry(0x42);
        assertThat(StreamTableEntry.config(entry[0])).isEqualTo(StreamTableEntry.CONFIG_S2_TRANSLATE);
        assertThat(StreamTableEntry.s2vmid(entry[2]))
                .isEqualTo(context.record().tag())
                .isPositive();
        assertThat(StreamTableEntry.s2ttb(entry[3])).isEqualTo(0x8000_0000L);
        assertThat(StreamTableEntry.s2t0sz(entry[2])).isEqualTo(20);
        assertThat(StreamTableEntry.s2sl0(entry[2])).isEqualTo(2);
        assertThat(StreamTableEntry.s2ps(entry[2])).isEqualTo(4);
        assertThat(StreamTableEntry.s2aa64(entry[2])).isEqualTo(1);
        assertThat(StreamTableEntry.s2ptw(entry[2])).isEqualTo(1);
        assertThat(StreamTableEntry.s2r(entry[2])).isEqualTo(1);
        assertThat(context.record().stage()).isEqualTo(2);
    }

    /** Linux's inputs for the same SMMU: IPA and PA of the SMMU's output size, the format of stage 2. */
    @Test
    void tableIsOfStage2AndAsWideAsTheOutput() {
        PageTableConfig table = fixture.stage2(0x8000_0000L).tableConfig();
        assertThat(table.format()).isEqualTo("ARM_64_LPAE_S2");
        assertThat(table.inputBits()).isEqualTo(44);
        assertThat(table.outputBits()).isEqualTo(44);
        assertThat(table.quirks()).isZero();
    }

    @Test
    void writeBackIsForcedInEntryAndLeavesWhereTheSmmuCan() {
        UnitFixture other = UnitFixture.complete(0);
        other.registers.set(Idr3.ADDRESS, Idr3.withFwb(other.registers.get(Idr3.ADDRESS), 1));
        other.probe();
        DeviceRecord device = other.added("dev", 0, 0x42);
        TranslationContext context = other.stage2(0x8000_0000L);
        other.unit.attach(device, Attachment.to(context));
        assertThat(context.tableConfig().quirks()).isEqualTo(Quirk.ARM_S2FWB);
        assertThat(StreamTableEntry.s2fwb(other.streamEntry(0x42)[1])).isEqualTo(1);
        other.unit.shutdown();
    }

    @Test
    void smmuWithoutStage1GetsStage2WhenItMayChoose() {
        UnitFixture other = UnitFixture.complete(10);
        other.registers.set(Idr0.ADDRESS, Idr0.withS1p(other.registers.get(Idr0.ADDRESS), 0));
        other.probe();
        assertThat(other.unit.capabilities().stage1()).isFalse();
        assertThat(other.unit.capabilities().pasidBits()).isZero();
        TranslationContext context = other.unit.createContext(new ContextRequest(0, false, false, 0));
        assertThat(context.record().stage()).isEqualTo(2);
        refused(Errno.EOPNOTSUPP, "IDR0.S1P", () -> other.unit.createContext(new ContextRequest(1, false, false, 0)));
        other.unit.shutdown();
    }

    /** The goldens of linux-iommu.md section 3.4 hold for IPAs too; pairs are NUM:SCALE. */
    @ParameterizedTest
    @CsvSource({
        "31, true, 3, 30:0",
        "33, true, 3, 0:0 0:5",
        "1022, true, 0, 30:1 14:6",
        "1, false, 0, 0:1",
        "33, false, 0, 16:1"
    })
    void rangesAreEncodedAsForStage1(long pages, boolean leafOnly, long ttl, String expected) {
        TranslationContext context = fixture.stage2(0x8000_0000L);
        fixture.registers.takeCommands();
        context.invalidate(0x4000_0000L, pages * 4096, 4096, leafOnly);
        List<RegisterFake.Taken> commands = fixture.registers.commands();
        assertThat(commands.stream()
                        .map(command -> CmdTlbiS2Ipa.num(command.word0()) + ":" + CmdTlbiS2Ipa.scale(command.word0()))
                        .collect(Collectors.joining(" ")))
                .isEqualTo(expected);
        for (RegisterFake.Taken command : commands) {
            assertThat(CmdTlbiS2Ipa.opcode(command.word0())).isEqualTo(CmdTlbiS2Ipa.OPCODE_VALUE);
            assertThat(CmdTlbiS2Ipa.vmid(command.word0()))
                    .isEqualTo(context.record().tag());
            assertThat(CmdTlbiS2Ipa.ttl(command.word1())).isEqualTo(ttl);
            assertThat(CmdTlbiS2Ipa.leaf(command.word1())).isEqualTo(leafOnly ? 1 : 0);
        }
        assertThat(CmdTlbiS2Ipa.ipa(commands.get(0).word1())).isEqualTo(0x4000_0000L);
    }

    @Test
    void wholeSpaceIsOneCommandAndSoIsTheTag() {
        TranslationContext context = fixture.stage2(0x8000_0000L);
        long vmall = 0x28L | (long) context.record().tag() << 32;
        fixture.registers.takeCommands();
        context.invalidate(0, 1L << 44, 4096, false);
        assertThat(fixture.registers.takeCommands()).containsExactly(new RegisterFake.Taken(vmall, 0));
        context.invalidateAll();
        assertThat(fixture.registers.takeCommands())
                .containsExactly(new RegisterFake.Taken(vmall, 0), new RegisterFake.Taken(Command.sync(), 0));
        fixture.unit.freeContext(context);
        assertThat(fixture.registers.takeCommands())
                .containsExactly(new RegisterFake.Taken(vmall, 0), new RegisterFake.Taken(Command.sync(), 0));
    }

    @Test
    void withoutRangesAnEighthOfTheGranuleIsOneVmid() {
        UnitFixture other = UnitFixture.complete(0);
        other.registers.set(Idr3.ADDRESS, Idr3.withRil(other.registers.get(Idr3.ADDRESS), 0));
        other.probe();
        TranslationContext context = other.stage2(0x8000_0000L);
        other.registers.takeCommands();
        context.invalidate(0, 511 * 4096, 4096, true);
        assertThat(other.registers.takeCommands()).hasSize(511);
        context.invalidate(0, 512 * 4096, 4096, true);
        assertThat(other.registers.takeCommands()).hasSize(1);
        other.unit.shutdown();
    }

    /**
     * The entry is valid at every sync, so DMA never meets a gap; but between the stages, whose entries say different VMIDs in
     * one word and different tables in another (Linux's test of its writer has VMID 0 on both sides).
     */
    @Test
    void everyRouteLeadsToEveryOtherAndOnlyBetweenTheStagesThroughAGap() {
        DeviceRecord device = fixture.added("dev", 10, 0x42);
        Attachment stage2 = Attachment.to(fixture.stage2(0x8000_0000L));
        Attachment stage1 = Attachment.to(fixture.context(0xa000_0000L));
        List<Attachment> routes = List.of(Attachment.BLOCKED, Attachment.IDENTITY, stage2, stage1);
        List<Long> configs = List.of(
                StreamTableEntry.CONFIG_ABORT,
                StreamTableEntry.CONFIG_BYPASS,
                StreamTableEntry.CONFIG_S2_TRANSLATE,
                StreamTableEntry.CONFIG_S1_TRANSLATE);
        for (int from = 0; from < routes.size(); from++) {
            for (int to = 0; to < routes.size(); to++) {
                fixture.unit.attach(device, routes.get(from));
                List<Long> seen = new ArrayList<>();
                fixture.registers.onSync(() -> seen.add(fixture.streamEntry(0x42)[0]));
                fixture.unit.attach(device, routes.get(to));
                fixture.registers.onSync(() -> {});
                boolean gap = from != to
                        && routes.get(from).context() != null
                        && routes.get(to).context() != null;
                List<Long> allowed = List.of(configs.get(from), configs.get(to));
                assertThat(seen.stream().anyMatch(word -> StreamTableEntry.v(word) == 0))
                        .as("%s to %s", routes.get(from), routes.get(to))
                        .isEqualTo(gap);
                assertThat(seen)
                        .filteredOn(word -> StreamTableEntry.v(word) != 0)
                        .allSatisfy(word ->
                                assertThat(StreamTableEntry.config(word)).isIn(allowed));
                assertThat(StreamTableEntry.config(fixture.streamEntry(0x42)[0]))
                        .isEqualTo(configs.get(to));
            }
        }
    }

    /** Tag and root are in two words, so one stage 2 cannot replace another in one write. */
    @Test
    void replacingAStage2InvalidatesTheOldVmidAndOnlyThat() {
        DeviceRecord device = fixture.added("dev", 0, 0x42);
        TranslationContext one = fixture.stage2(0x8000_0000L);
        TranslationContext two = fixture.stage2(0x9000_0000L);
        fixture.unit.attach(device, Attachment.to(one));
        fixture.registers.takeCommands();
        fixture.unit.attach(device, Attachment.to(two));
        long old = 0x28L | (long) one.record().tag() << 32;
        assertThat(fixture.registers.commands().stream().filter(command -> (command.word0() & 0xff) == 0x28))
                .containsExactly(new RegisterFake.Taken(old, 0));
        assertThat(StreamTableEntry.s2ttb(fixture.streamEntry(0x42)[3])).isEqualTo(0x9000_0000L);
    }

    @Test
    void stage2AndPasidsExcludeEachOther() {
        DeviceRecord device = fixture.added("dev", 10, 0x42);
        TranslationContext stage1 = fixture.context(0x9000_0000L);
        TranslationContext stage2 = fixture.stage2(0x8000_0000L);
        fixture.pasids().mmAttach(device, 5, stage1, true);
        long[] before = fixture.streamEntry(0x42);
        refused(Errno.EBUSY, "[5]", () -> fixture.unit.attach(device, Attachment.to(stage2)));
        assertThat(fixture.streamEntry(0x42)).containsExactly(before);
        fixture.pasids().mmDetach(device, 5, stage1, true);
        fixture.unit.attach(device, Attachment.to(stage2));
        refused(Errno.EBUSY, "stage 2", () -> fixture.pasids().mmAttach(device, 5, stage1, true));
        refused(Errno.EINVAL, "not of stage 1", () -> fixture.pasids().mmAttach(device, 5, stage2, true));
        assertThat(StreamTableEntry.config(fixture.streamEntry(0x42)[0]))
                .isEqualTo(StreamTableEntry.CONFIG_S2_TRANSLATE);
    }

    @Test
    void vmidsBeginAtOneAndComeUpAgainLate() {
        List<Integer> tags = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            TranslationContext context = fixture.stage2(0x8000_0000L);
            tags.add(context.record().tag());
            fixture.unit.freeContext(context);
        }
        assertThat(tags).doesNotHaveDuplicates().doesNotContain(0);
    }

    @Test
    void whatStage2CannotDoIsRefused() {
        refused(Errno.EOPNOTSUPP, "stage 2", () -> fixture.unit.createContext(new ContextRequest(2, true, false, 0)));
        refused(Errno.EOPNOTSUPP, "stage 2", () -> fixture.unit.createContext(new ContextRequest(2, false, true, 0)));
        refused(
                Errno.EOPNOTSUPP,
                "dirty",
                () -> fixture.unit.createContext(new ContextRequest(2, false, false, 0, true)));
        refused(Errno.EINVAL, "stage 3", () -> fixture.unit.createContext(new ContextRequest(3, false, false, 0)));
        TranslationContext context = fixture.unit.createContext(new ContextRequest(2, false, false, 0));
        refused(Errno.EINVAL, "ArmStage1", () -> context.install(UnitFixture.walker(0x8000_0000L)));
    }

    @Test
    void adoptionFindsStage2AndItsTag() {
        DeviceRecord device = fixture.added("dev", 0, 0x42);
        TranslationContext context = fixture.stage2(0x8000_0000L);
        fixture.unit.attach(device, Attachment.to(context));
        fixture.unit.handOver();
        UnitRecord record = new UnitRecord(
                1, List.of(new UnitRecord.Device(device, Attachment.Kind.TRANSLATED, context.record(), List.of())));
        fixture.adopt(record);
        TranslationContext adopted = fixture.unit.adoptContext(context.record());
        assertThat(adopted.record()).isEqualTo(context.record());
        assertThat(fixture.stage2(0x9000_0000L).record().tag())
                .isNotEqualTo(context.record().tag());
        fixture.unit.attach(device, Attachment.BLOCKED);
        assertThat(fixture.streamEntry(0x42)).containsExactly(StreamEntry.abort());
    }

    /** Dirty state is a stage-1 matter, as in Linux: the descriptor asks for it, and the leaves carry DBM. */
    @Test
    void dirtyTrackingIsInDescriptorAndTable() {
        assertThat(fixture.unit.capabilities().capabilities()).contains(org.sluice.api.Capability.DIRTY_TRACKING);
        DeviceRecord device = fixture.added("dev", 0, 0x42);
        TranslationContext context = fixture.unit.createContext(new ContextRequest(0, false, false, 0, true));
        assertThat(context.tableConfig().has(Quirk.ARM_HD)).isTrue();
        context.install(UnitFixture.walker(0x8000_0000L));
        fixture.unit.attach(device, Attachment.to(context));
        long[] descriptor = fixture.descriptor(0x42, 0);
        assertThat(ContextDescriptor.ha(descriptor[0])).isEqualTo(1);
        assertThat(ContextDescriptor.hd(descriptor[0])).isEqualTo(1);
        TranslationContext plain = fixture.context(0x9000_0000L);
        fixture.unit.attach(device, Attachment.to(plain));
        assertThat(ContextDescriptor.ha(fixture.descriptor(0x42, 0)[0])).isZero();
        assertThat(ContextDescriptor.hd(fixture.descriptor(0x42, 0)[0])).isZero();
        UnitFixture without = UnitFixture.probed(0);
        refused(
                Errno.EOPNOTSUPP,
                "HTTU",
                () -> without.unit.createContext(new ContextRequest(1, false, false, 0, true)));
        without.unit.shutdown();
    }

    private static void refused(Errno errno, String words, ThrowingCallable call) {
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(call)
                .withMessageContaining(words)
                .satisfies(refusal -> assertThat(refusal.errno()).isEqualTo(errno));
    }
}
