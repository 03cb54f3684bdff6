package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.CmdTlbiNhAsid;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;

class TlbInvalidationTest {
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;

    private final QueueFixture fixture = new QueueFixture(8);
    private final TlbInvalidation ranges = new TlbInvalidation(fixture.queue, true, TlbTag.asid(7));
    private final TlbInvalidation singles = new TlbInvalidation(fixture.queue, false, TlbTag.asid(7));

    /** The goldens of linux-iommu.md section 3.4; pairs are NUM:SCALE. */
    @ParameterizedTest
    @CsvSource({
        "31, true, 0, 3, 30:0",
        "32, true, 0, 3, 0:5",
        "33, true, 0, 3, 0:0 0:5",
        "1022, true, 0, 0, 30:1 14:6",
        "512, true, 9, 2, 0:9",
        "1, false, 0, 0, 0:1",
        "33, false, 0, 0, 16:1"
    })
    void rangeEncodings(long pages, boolean leafOnly, int leafLog2Pages, long ttl, String expected) {
        ranges.range(0, pages * 4 * KIB, 4 * KIB << leafLog2Pages, leafOnly, 12);
        StringBuilder found = new StringBuilder();
        for (RegisterFake.Taken command : fixture.registers.commands()) {
            found.append(found.length() == 0 ? "" : " ")
                    .append(CmdTlbiNhVa.num(command.word0()))
                    .append(':')
                    .append(CmdTlbiNhVa.scale(command.word0()));
            assertThat(CmdTlbiNhVa.ttl(command.word1())).isEqualTo(ttl);
            assertThat(CmdTlbiNhVa.tg(command.word1())).isEqualTo(CmdTlbiNhVa.TG_4K);
            assertThat(CmdTlbiNhVa.leaf(command.word1())).isEqualTo(leafOnly ? 1 : 0);
        }
        assertThat(found).hasToString(expected);
    }

    @Test
    void onePageAsLinuxWroteIt() {
        ranges.range(0x1000, 4 * KIB, 4 * KIB, true, 12);
        assertThat(fixture.registers.commands()).containsExactly(new RegisterFake.Taken(0x0007000000000012L, 0x1701));
    }

    /** A TLB need not keep a group as one: each member is named, with the level that it lies at. */
    @ParameterizedTest
    @CsvSource({
        // log2 of page, group, member
        "12, 16, 12",
        "12, 25, 21",
        "14, 21, 14",
        "14, 30, 25",
        "16, 21, 16",
        "16, 34, 29"
    })
    void groupCountsByItsMembers(int page, int group, int member) {
        long base = 7L << 40;
        singles.range(base, 1L << group, 1L << group, true, page);
        List<RegisterFake.Taken> commands = fixture.registers.takeCommands();
        assertThat(commands).hasSize(1 << group - member);
        for (int i = 0; i < commands.size(); i++) {
            assertThat(CmdTlbiNhVa.addr(commands.get(i).word1())).isEqualTo(base + ((long) i << member));
        }
        ranges.range(base, 1L << group, 1L << group, true, page);
        assertThat(fixture.registers.takeCommands())
                .singleElement()
                .satisfies(command -> assertThat(CmdTlbiNhVa.ttl(command.word1()))
                        .isIn(0L, (long) TlbInvalidation.level(1L << member, page)));
    }

    @Test
    void levelFollowsGranule() {
        assertThat(TlbInvalidation.level(4 * KIB, 12)).isEqualTo(3);
        assertThat(TlbInvalidation.level(2 * MIB, 12)).isEqualTo(2);
        assertThat(TlbInvalidation.level(1024 * MIB, 12)).isEqualTo(1);
        assertThat(TlbInvalidation.level(16 * KIB, 14)).isEqualTo(3);
        assertThat(TlbInvalidation.level(32 * MIB, 14)).isEqualTo(2);
        assertThat(TlbInvalidation.level(64 * KIB, 16)).isEqualTo(3);
        assertThat(TlbInvalidation.level(512 * MIB, 16)).isEqualTo(2);
    }

    /** The SMMU may honour a level as a filter, so it is named only where no leaf of another level fits. */
    @Test
    void levelIsNamedOnlyWhereNoLargerLeafFits() {
        assertThat(levelOf(0x1000, 1022 * 4 * KIB, 4 * KIB))
                .as("2M - 4K on either side")
                .isEqualTo(3);
        assertThat(levelOf(0x1000, 1023 * 4 * KIB, 4 * KIB))
                .as("one 2M block fits")
                .isZero();
        assertThat(levelOf(0, 511 * 4 * KIB, 4 * KIB)).isEqualTo(3);
        assertThat(levelOf(0, 512 * 4 * KIB, 4 * KIB)).isZero();
        assertThat(levelOf(0, 512 * 4 * KIB, 2 * MIB)).isEqualTo(2);
        assertThat(levelOf(0, 2048 * MIB, 2 * MIB)).isZero();
        assertThat(levelOf(0, 2048 * MIB, 1024 * MIB)).as("nothing is larger").isEqualTo(1);
    }

    private long levelOf(long iova, long size, long granule) {
        fixture.registers.takeCommands();
        ranges.range(iova, size, granule, true, 12);
        return CmdTlbiNhVa.ttl(fixture.registers.commands().get(0).word1());
    }

    @Test
    void rangesCoverEveryPageAndNoIllegalEncodingAppears() {
        Random random = new Random(20260);
        for (int round = 0; round < 5_000; round++) {
            int pageShift = List.of(12, 14, 16).get(random.nextInt(3));
            boolean leafOnly = random.nextBoolean();
            long pages = 1 + (random.nextLong() >>> 33 + random.nextInt(31));
            long iova = random.nextLong() >>> random.nextInt(40) & -1L << pageShift;
            fixture.registers.takeCommands();
            ranges.range(iova, pages << pageShift, 1L << pageShift, leafOnly, pageShift);
            long at = iova;
            for (RegisterFake.Taken command : fixture.registers.commands()) {
                long num = CmdTlbiNhVa.num(command.word0());
                long scale = CmdTlbiNhVa.scale(command.word0());
                assertThat(CmdTlbiNhVa.asid(command.word0())).isEqualTo(7);
                assertThat(CmdTlbiNhVa.addr(command.word1())).isEqualTo(at);
                assertThat(num | scale | CmdTlbiNhVa.ttl(command.word1())).isNotZero();
                at += num + 1 << scale + pageShift;
            }
            assertThat(at - iova >>> pageShift)
                    .as("seed 20260 round %d: %d pages", round, pages)
                    .isBetween(pages, pages + 1);
        }
    }

    @Test
    void granuleThatNoTableHasStillInvalidatesTheRange() {
        ranges.range(0, 16 * KIB, 4 * KIB, true, 14);
        assertThat(CmdTlbiNhVa.ttl(fixture.registers.takeCommands().get(0).word1()))
                .isEqualTo(3);
        ranges.range(0, 4 * KIB, 1L << 62, true, 12);
        assertThat(CmdTlbiNhVa.ttl(fixture.registers.takeCommands().get(0).word1()))
                .isZero();
        singles.range(0, 16 * KIB, 4 * KIB, true, 14);
        assertThat(fixture.registers.takeCommands()).hasSize(1);
    }

    @Test
    void unalignedRangeCoversItsFirstAndLastPage() {
        ranges.range(0x1fff, 2, 4 * KIB, true, 12);
        assertThat(fixture.registers.commands()).containsExactly(new RegisterFake.Taken(0x0007000000100012L, 0x1701));
    }

    @Test
    void wholeSpaceBecomesOneCommand() {
        ranges.range(0, 1L << 48, 4 * KIB, false, 12);
        assertThat(fixture.registers.commands()).containsExactly(asid());
    }

    @Test
    void withoutRangesEachLeafHasACommand() {
        singles.range(0x200000, 4 * MIB, 2 * MIB, true, 12);
        assertThat(fixture.registers.commands())
                .containsExactly(
                        new RegisterFake.Taken(0x0007000000000012L, 0x200001),
                        new RegisterFake.Taken(0x0007000000000012L, 0x400001));
    }

    @Test
    void withoutRangesAnEighthOfTheGranuleIsOneAsid() {
        singles.range(0, 511 * 4 * KIB, 4 * KIB, false, 12);
        assertThat(fixture.registers.takeCommands()).hasSize(511);
        singles.range(0, 512 * 4 * KIB, 4 * KIB, false, 12);
        assertThat(fixture.registers.takeCommands()).containsExactly(asid());
        singles.range(0, 2047 * 16 * KIB, 16 * KIB, false, 14);
        assertThat(fixture.registers.takeCommands()).hasSize(2047);
        singles.range(0, 2048 * 16 * KIB, 16 * KIB, false, 14);
        assertThat(fixture.registers.takeCommands()).containsExactly(asid());
    }

    private static RegisterFake.Taken asid() {
        return new RegisterFake.Taken(CmdTlbiNhAsid.withAsid(CmdTlbiNhAsid.OPCODE_VALUE, 7), 0);
    }
}
