package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdTlbiNhAll;
import org.sluice.smmuv3.arch.CommandHeader;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.NestingOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitRecord;

/** A guest's stage 1 over a stage 2 of ours (linux-iommu.md section 3.8): what a guest may write, and what becomes of it. */
class GuestTest {
    private static final int STREAM = 0x42;
    private static final long TABLE = 0x5_0000_0000L;
    private static final IntUnaryOperator STREAMS = stream -> stream == 0x7 ? STREAM : -1;

    private final UnitFixture fixture = UnitFixture.probedComplete(10);
    private final DeviceRecord device = fixture.added("dev", 10, TestPort.withAts(), STREAM);
    private final TranslationContext parent = fixture.stage2(0x8000_0000L);
    private final NestingOperations guests = (NestingOperations) fixture.unit;

    @AfterEach
    void shutdownGivesEverythingBack() {
        fixture.unit.shutdown();
        assertThat(fixture.host.allocator().allocations()).isEmpty();
    }

    @Test
    void guestsAreServedOnlyWhereTheyCannotMakeAccessesIncoherent() {
        assertThat(fixture.unit.capabilities().nested()).isTrue();
        UnitFixture incoherent = UnitFixture.complete(10);
        incoherent.properties = Map.of();
        incoherent.probe();
        assertThat(incoherent.unit).isNotInstanceOf(NestingOperations.class);
        assertThat(incoherent.unit.capabilities().nested()).isFalse();
        incoherent.unit.shutdown();
        UnitFixture forced = UnitFixture.complete(0);
        forced.properties = Map.of();
        forced.registers.set(Idr3.ADDRESS, Idr3.withFwb(forced.registers.get(Idr3.ADDRESS), 1));
        forced.probe();
        assertThat(forced.unit).isInstanceOf(NestingOperations.class);
        forced.unit.shutdown();
    }

    /** The guest's words 0 and 1, our words 2 and 3, and MEV. */
    @Test
    void entryIsTheGuestsStage1OverOurStage2() {
        attach(guestEntry(StreamTableEntry.S1DSS_SSID0, 0));
        long[] entry = fixture.streamEntry(STREAM);
        assertThat(StreamTableEntry.config(entry[0])).isEqualTo(StreamTableEntry.CONFIG_NESTED);
        assertThat(StreamTableEntry.s1ContextPtr(entry[0])).isEqualTo(TABLE);
        assertThat(StreamTableEntry.s1cdMax(entry[0])).isEqualTo(4);
        assertThat(StreamTableEntry.s1dss(entry[1])).isEqualTo(StreamTableEntry.S1DSS_SSID0);
        assertThat(StreamTableEntry.mev(entry[1])).as("forced").isEqualTo(1);
        assertThat(StreamTableEntry.eats(entry[1])).isZero();
        assertThat(StreamTableEntry.s2vmid(entry[2])).isEqualTo(parent.record().tag());
        assertThat(StreamTableEntry.s2ttb(entry[3])).isEqualTo(0x8000_0000L);
    }

    /** The golden of linux-iommu.md section 5.3. */
    @Test
    void kunitsNestedEntryIsMadeFromItsGuestAndItsParent() {
        long[] guest = {0xf800f0f0f0f0f0ebL, 0x180000d5L};
        long[] over = {0xd, 0x0000100000000000L, 0x0449b6c400000000L, 0x000dbeefdeadbee0L, 0, 0, 0, 0};
        assertThat(GuestStreamEntry.check(guest).over(over, true))
                .containsExactly(
                        0xf800f0f0f0f0f0efL, 0x00001000180800d5L, 0x0449b6c400000000L, 0x000dbeefdeadbee0L, 0, 0, 0, 0);
    }

    @Test
    void guestThatBypassesUsesOurStage2AndOneThatIsInvalidOrAbortsAborts() {
        attach(configured(StreamTableEntry.CONFIG_BYPASS));
        long[] entry = fixture.streamEntry(STREAM);
        assertThat(StreamTableEntry.config(entry[0])).isEqualTo(StreamTableEntry.CONFIG_S2_TRANSLATE);
        assertThat(StreamTableEntry.s1ContextPtr(entry[0])).isZero();
        attach(configured(StreamTableEntry.CONFIG_ABORT));
        assertThat(fixture.streamEntry(STREAM)).containsExactly(StreamEntry.abort());
        attach(new long[] {configured(StreamTableEntry.CONFIG_BYPASS)[0] & ~1L, -1L});
        assertThat(fixture.streamEntry(STREAM)).as("V = 0").containsExactly(StreamEntry.abort());
    }

    @Test
    void everyBitThatIsNotTheGuestsIsRefused() {
        long[] good = guestEntry(StreamTableEntry.S1DSS_SSID0, 0);
        long[] theirs = {
            StreamTableEntry.V_MASK
                    | StreamTableEntry.CONFIG_MASK
                    | StreamTableEntry.S1FMT_MASK
                    | StreamTableEntry.S1CONTEXTPTR_MASK
                    | StreamTableEntry.S1CDMAX_MASK,
            0xffL | StreamTableEntry.S1STALLD_MASK | StreamTableEntry.EATS_MASK
        };
        for (int bit = 0; bit < StreamTableEntry.WORDS * Long.SIZE; bit++) {
            long[] entry = java.util.Arrays.copyOf(good, StreamTableEntry.WORDS);
            int word = bit / Long.SIZE;
            long mask = 1L << bit % Long.SIZE;
            entry[word] |= mask;
            if (word >= theirs.length || (theirs[word] & mask) == 0) {
                refused(Errno.EIO, "word " + word, () -> guests.createNested(parent, entry));
            }
        }
        refused(Errno.EIO, "Config", () -> guests.createNested(parent, configured(StreamTableEntry.CONFIG_NESTED)));
        refused(
                Errno.EIO,
                "Config",
                () -> guests.createNested(parent, configured(StreamTableEntry.CONFIG_S2_TRANSLATE)));
        refused(Errno.EIO, "EATS", () -> guests.createNested(parent, guestEntry(StreamTableEntry.S1DSS_SSID0, 2)));
        refused(Errno.EINVAL, "stage-2", () -> guests.createNested(fixture.context(0x9000_0000L), good));
    }

    @Test
    void parentIsInUseWhileAGuestRestsOnIt() {
        TranslationContext nested = attach(guestEntry(StreamTableEntry.S1DSS_SSID0, 0));
        refused(Errno.EBUSY, "VMID", () -> fixture.unit.freeContext(parent));
        fixture.unit.attach(device, Attachment.BLOCKED);
        refused(Errno.EBUSY, "guest", () -> fixture.unit.freeContext(parent));
        fixture.unit.freeContext(nested);
        fixture.unit.freeContext(parent);
    }

    /** d7cdf89c27: an IPA's invalidation may leave what combines both stages, so the VMID's stage 1 goes too. */
    @Test
    void unmapOfTheParentClearsTheGuestsEntriesAndAllThatItsDevicesCached() {
        attach(guestEntry(StreamTableEntry.S1DSS_SSID0, StreamTableEntry.EATS_FULL));
        fixture.registers.takeCommands();
        parent.invalidate(0x4000_0000L, 4096, 4096, true);
        parent.sync();
        assertThat(opcodes()).containsExactly("TLBI_S2_IPA", "TLBI_NH_ALL", "SYNC", "ATC_INV", "SYNC");
        assertThat(fixture.registers.commands().get(1).word0())
                .isEqualTo(CmdTlbiNhAll.withVmid(
                        CmdTlbiNhAll.OPCODE_VALUE, parent.record().tag()));
        assertThat(fixture.registers.commands().get(3)).hasToString("0000004200000040 0000000000000034");
        fixture.unit.attach(device, Attachment.BLOCKED);
        fixture.registers.takeCommands();
        parent.invalidate(0x4000_0000L, 4096, 4096, true);
        assertThat(opcodes()).as("no guest any more").containsExactly("TLBI_S2_IPA");
    }

    @Test
    void guestsCommandsAreConfinedToItsVmidAndStreams() {
        attach(guestEntry(StreamTableEntry.S1DSS_SSID0, StreamTableEntry.EATS_FULL));
        long vmid = (long) parent.record().tag() << 32;
        fixture.registers.takeCommands();
        long[] commands = {
            Opcode.TLBI_NSNH_ALL,
            0,
            Opcode.TLBI_NH_ASID | 0x0005_ffff_0000_0000L,
            0,
            Opcode.TLBI_NH_VA | 0x0005_0000_0000_0000L,
            0x1000 | 1,
            Opcode.CFGI_CD | 3L << 12 | 7L << 32,
            1,
            Opcode.ATC_INV | 7L << 32,
            0x34
        };
        assertThat(guests.invalidate(parent, commands, STREAMS)).isEqualTo(5);
        assertThat(fixture.registers.commands())
                .containsExactly(
                        new RegisterFake.Taken(Opcode.TLBI_NH_ALL | vmid, 0),
                        new RegisterFake.Taken(Opcode.TLBI_NH_ASID | 5L << 48 | vmid, 0),
                        new RegisterFake.Taken(Opcode.TLBI_NH_VA | 5L << 48 | vmid, 0x1001),
                        new RegisterFake.Taken(Opcode.CFGI_CD | 3L << 12 | 0x42L << 32, 1),
                        new RegisterFake.Taken(Command.sync(), 0),
                        new RegisterFake.Taken(Opcode.ATC_INV | 0x42L << 32, 0x34),
                        new RegisterFake.Taken(Command.sync(), 0));
    }

    @Test
    void commandThatAGuestMayNotGiveIsRefusedAfterThoseBeforeItWereRun() {
        long[] others = {
            Opcode.CFGI_STE,
            Opcode.CFGI_STE_RANGE_CFGI_ALL,
            Opcode.TLBI_S12_VMALL,
            Opcode.TLBI_S2_IPA,
            Opcode.TLBI_EL2_ALL,
            Opcode.SYNC,
            Opcode.RESUME,
            Opcode.PRI_RESP,
            Opcode.PREFETCH_CONFIG,
            0,
            0x7f
        };
        for (long other : others) {
            fixture.registers.takeCommands();
            refused(
                    Errno.EIO,
                    "command 1",
                    () -> guests.invalidate(parent, new long[] {Opcode.TLBI_NH_ALL, 0, other, 0}, STREAMS));
            assertThat(opcodes()).containsExactly("TLBI_NH_ALL", "SYNC");
        }
        refused(
                Errno.EIO,
                "StreamID 0x8",
                () -> guests.invalidate(parent, new long[] {Opcode.ATC_INV | 8L << 32, 0x34}, STREAMS));
        refused(Errno.EIO, "TG", () -> guests.invalidate(parent, new long[] {Opcode.TLBI_NH_VA, 1 << 10}, STREAMS));
    }

    /** Whatever a guest writes: an EIO or commands of its VMID and stream, and no other exception. */
    @Test
    void noCommandReachesBeyondTheGuest() {
        Random random = new Random(38);
        long vmid = parent.record().tag();
        for (int round = 0; round < 20_000; round++) {
            long[] command = {random.nextLong() & ~0xffL | random.nextInt(0x50), random.nextLong()};
            if (random.nextBoolean()) {
                command[0] = command[0] & 0xffffffffL | 7L << 32;
            }
            long[] confined = command.clone();
            try {
                new GuestCommands((int) vmid, STREAMS).confine(confined, 0);
            } catch (IommuException refusal) {
                assertThat(refusal.errno()).isEqualTo(Errno.EIO);
                assertThat(confined).as("nothing changed").containsExactly(command);
                continue;
            }
            int opcode = (int) CommandHeader.opcode(confined[0]);
            if (opcode >= Opcode.TLBI_NH_ALL && opcode <= Opcode.TLBI_NH_VAA) {
                assertThat(CmdTlbiNhAll.vmid(confined[0])).isEqualTo(vmid);
            } else {
                assertThat(opcode).isIn(Opcode.CFGI_CD, Opcode.CFGI_CD_ALL, Opcode.ATC_INV);
                assertThat(confined[0] >>> 32).isEqualTo(STREAM);
            }
        }
    }

    @Test
    void adoptionFindsTheGuestAndItsParent() {
        TranslationContext nested = attach(guestEntry(StreamTableEntry.S1DSS_SSID0, 0));
        ContextRecord nestedRecord = nested.record();
        fixture.unit.handOver();
        fixture.adopt(new UnitRecord(
                1, List.of(new UnitRecord.Device(device, Attachment.Kind.TRANSLATED, nestedRecord, List.of()))));
        TranslationContext adoptedParent = fixture.unit.adoptContext(parent.record());
        TranslationContext adopted = fixture.unit.adoptContext(nestedRecord);
        assertThat(adopted.record()).isEqualTo(nestedRecord);
        fixture.unit.attach(device, Attachment.BLOCKED);
        fixture.unit.freeContext(adopted);
        fixture.unit.freeContext(adoptedParent);
    }

    private TranslationContext attach(long[] entry) {
        TranslationContext nested = guests.createNested(parent, entry);
        fixture.unit.attach(device, Attachment.to(nested));
        return nested;
    }

    private static long[] guestEntry(long s1dss, long eats) {
        long word = configured(StreamTableEntry.CONFIG_S1_TRANSLATE)[0];
        word = StreamTableEntry.withS1ContextPtr(word, TABLE);
        word = StreamTableEntry.withS1cdMax(word, 4);
        return new long[] {word, StreamTableEntry.withEats(StreamTableEntry.withS1dss(0, s1dss), eats)};
    }

    private static long[] configured(long config) {
        return new long[] {StreamTableEntry.withConfig(StreamTableEntry.withV(0, 1), config), 0};
    }

    private List<String> opcodes() {
        List<String> names = new ArrayList<>();
        fixture.registers
                .commands()
                .forEach(command -> names.add(Opcode.name((int) CommandHeader.opcode(command.word0()))));
        return names;
    }

    private static void refused(Errno errno, String words, ThrowingCallable call) {
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(call)
                .withMessageContaining(words)
                .satisfies(refusal -> assertThat(refusal.errno()).isEqualTo(errno));
    }
}
