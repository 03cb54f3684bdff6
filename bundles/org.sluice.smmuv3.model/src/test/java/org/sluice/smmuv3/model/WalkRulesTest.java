package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.EvtFWalkEabt;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.Translation;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

class WalkRulesTest {
    private static final long PAGE = 0x9800_0000L;
    private static final long IOVA = 0x80_8060_4000L;
    private static final long CD = Smmu.cdWord0(1);

    private static String fault(Smmu smmu, long iova, int flags) {
        byte[] data = new byte[4];
        int outcome = smmu.model.transact(Smmu.SID, Dma.NO_PASID, iova, flags, data, 0, 4);
        String translated = smmu.translate(Dma.NO_PASID, iova, flags).reason();
        if (outcome == Dma.OK) {
            assertThat(translated).isEmpty();
            assertThat(smmu.events()).isEmpty();
            return "";
        }
        assertThat(outcome).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly(translated);
        return translated;
    }

    /** The tables of the first row of section 2 of the rules: QEMU's own test of stage 1. */
    @Test
    void qtestVectorOfStage1() {
        Smmu smmu = Smmu.on("profile", "qemu-10");
        long base = 0x4000_0000L + 0x0e4d_0000L;
        long cd = ContextDescriptor.withIps(Smmu.cdWord0(0x1e20), 4);
        smmu.stage1(0, 0).cd(0, cd, base);
        smmu.write(base + 8, base + 0x1000 | 3);
        smmu.write(base + 0x1000 + 2 * 8, base + 0x2000 | 3);
        smmu.write(base + 0x2000 + 3 * 8, base + 0x3000 | 3);
        smmu.write(base + 0x3000 + 4 * 8, 0x4000_0000L + 0x0ecb_a000L | Tables.RW | 3);

        assertThat(smmu.translate(Dma.NO_PASID, 0x80_8060_4567L, 0))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, 0x4ecb_a567L, 4096, ""));
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "2", "3"})
    void externalAbortComesFirstAndNamesItsAddress_R25(int level) {
        Smmu smmu = Smmu.translating();
        long expected;
        if (level == 0) {
            smmu.cd(0, CD, Smmu.HOLE);
            expected = Smmu.HOLE + 8;
        } else {
            Tables.map(smmu, Smmu.ROOT, 12, 48, IOVA, level - 1, Smmu.HOLE | TableDescriptor.TYPE_TABLE);
            expected = Smmu.HOLE + (IOVA >>> 12 + 9 * (3 - level) & 511) * 8;
        }
        assertThat(smmu.read(IOVA + 4)).isEqualTo(Dma.ABORT);
        long[] event = smmu.events().get(0);
        assertThat(event[0]).isEqualTo(0x42_0000_000bL);
        assertThat(EvtFWalkEabt.fetchAddr(event[3])).isEqualTo(expected);
        assertThat(EvtFWalkEabt.inputAddr(event[2])).isEqualTo(IOVA + 4);
        // unlike that of other faults of stage 1: IHI 0070 section 7.3.12
        assertThat(EvtFWalkEabt.s2(event[1])).isZero();
        assertThat(EvtFWalkEabt.clazz(event[1])).isEqualTo(EvtFTranslation.CLASS_TT);
    }

    @Test
    void tableBeyondTheOutputSizeIsAnAddressSizeFault_R25() {
        Smmu smmu = Smmu.translating();
        smmu.cd(0, ContextDescriptor.withIps(CD, 1), Smmu.ROOT);
        for (int level = 0; level < 3; level++) {
            // also though nothing is mapped there: the abort would come later
            long at = Tables.map(smmu, Smmu.ROOT, 12, 48, IOVA, level, 1L << 36 | TableDescriptor.TYPE_TABLE);
            assertThat(fault(smmu, IOVA, 0)).isEqualTo("F_ADDR_SIZE");
            smmu.write(at, 0);
        }
    }

    @Test
    void faultsOfALeafComeInOrder_R25() {
        Smmu smmu = Smmu.translating();
        smmu.cd(0, ContextDescriptor.withIps(CD, 1), Smmu.ROOT);
        long everythingWrong = 1L << 36 | Stage1Leaf.AP_RDONLY_MASK;
        smmu.map(Smmu.ROOT, IOVA, everythingWrong, 0);
        assertThat(fault(smmu, IOVA, IommuModel.WRITE)).isEqualTo("F_ADDR_SIZE");
        smmu.map(Smmu.ROOT, IOVA, PAGE | Stage1Leaf.AP_RDONLY_MASK, 0);
        assertThat(fault(smmu, IOVA, IommuModel.WRITE)).isEqualTo("F_ACCESS");
        smmu.map(Smmu.ROOT, IOVA, PAGE | Stage1Leaf.AP_RDONLY_MASK | Stage1Leaf.AF_MASK, 0);
        assertThat(fault(smmu, IOVA, IommuModel.WRITE)).isEqualTo("F_PERMISSION");
    }

    @ParameterizedTest
    @CsvSource({
        "12,48,1", "12,48,2", "12,48,3", "14,48,2", "14,48,3", "16,48,2", "16,48,3", "12,39,1", "12,25,3", "14,36,3",
        "16,42,2", "16,29,3", "12,30,2", "14,25,3"
    })
    void everyLeafSizeOfEveryGranule(int granule, int inputBits, int level) {
        Smmu smmu = Smmu.on().stage1(0, 0);
        int tg0 = granule == 12 ? 0 : granule == 16 ? 1 : 2;
        long word0 = ContextDescriptor.withTg0(ContextDescriptor.withT0sz(CD, 64 - inputBits), tg0);
        smmu.cd(0, word0, Smmu.ROOT);
        int shift = granule + (3 - level) * (granule - 3);
        long size = 1L << shift;
        long iova = 0x5555_5555_5555L & (1L << inputBits) - 1 & -size;
        long output = 0x7654_3210_0000L & -size;
        long type = level == 3 ? Stage1Leaf.TYPE_PAGE : Stage1Leaf.TYPE_BLOCK;
        // the low bits of a block's address are not part of it
        Tables.map(smmu, Smmu.ROOT, granule, inputBits, iova, level, output | Tables.RW | type);

        for (long offset : new long[] {0, 1, size / 2, size - 1}) {
            assertThat(smmu.translate(Dma.NO_PASID, iova + offset, 0))
                    .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, output + offset, size, ""));
        }
        assertThat(smmu.translate(Dma.NO_PASID, iova + size, 0).reason()).isEqualTo("F_TRANSLATION");
        assertThat(smmu.translate(Dma.NO_PASID, 1L << inputBits, 0).reason()).isEqualTo("F_TRANSLATION");
    }

    @ParameterizedTest
    @CsvSource({"12,0,1", "12,3,1", "14,0,1", "14,1,1", "14,3,1", "16,1,1", "16,3,1", "12,3,0", "12,3,2", "12,2,2"})
    void descriptorsThatAreNoLeafOfTheirLevelAreInvalid(int granule, int level, long type) {
        Smmu smmu = Smmu.on().stage1(0, 0);
        int tg0 = granule == 12 ? 0 : granule == 16 ? 1 : 2;
        smmu.cd(0, ContextDescriptor.withTg0(CD, tg0), Smmu.ROOT);
        Tables.map(smmu, Smmu.ROOT, granule, 48, 0, level, PAGE | Tables.RW | type);
        assertThat(fault(smmu, 0, 0)).isEqualTo("F_TRANSLATION");
    }

    @Test
    void contiguousBitChangesNothing() {
        Smmu smmu = Smmu.translating();
        smmu.map(Smmu.ROOT, 0x1_0000, PAGE, Tables.RW | Stage1Leaf.CONTIGUOUS_MASK);
        assertThat(smmu.read(0x1_0000)).isEqualTo(Dma.OK);
        assertThat(fault(smmu, 0x1_1000, 0)).isEqualTo("F_TRANSLATION");
    }

    /** Expected: read, write, execute; first unprivileged, then privileged. x: permitted. */
    @ParameterizedTest
    @CsvSource({
        // AP2:1, UXN, PXN, WXN, PAN
        "0, 0,0, 0,0, --x, rwx",
        "1, 0,0, 0,0, rwx, rw-",
        "2, 0,0, 0,0, --x, r-x",
        "3, 0,0, 0,0, r-x, r-x",
        "3, 1,0, 0,0, r--, r-x",
        "3, 0,1, 0,0, r-x, r--",
        "0, 0,0, 1,0, --x, rw-",
        "1, 0,0, 1,0, rw-, rw-",
        "3, 0,0, 1,0, r-x, r-x",
        "1, 0,0, 0,1, rwx, ---",
        "3, 0,0, 0,1, r-x, --x",
        "0, 0,0, 0,1, --x, rwx",
    })
    void permissionsOnAWalkAndOnAHit_R26(
            long ap, long uxn, long pxn, long wxn, long pan, String unprivileged, String privileged) {
        long word0 = ContextDescriptor.withPan(ContextDescriptor.withWxn(CD, wxn), pan);
        long leaf = Stage1Leaf.AF_MASK
                | ap << Stage1Leaf.AP_UNPRIV_LSB
                | uxn << Stage1Leaf.UXN_LSB
                | pxn << Stage1Leaf.PXN_LSB;
        int[] kinds = {0, IommuModel.WRITE, Dma.EXECUTE};
        for (int i = 0; i < 6; i++) {
            String expected = i < 3 ? unprivileged : privileged;
            int flags = kinds[i % 3] | (i < 3 ? 0 : Dma.PRIVILEGED);
            String outcome = expected.charAt(i % 3) == '-' ? "F_PERMISSION" : "";
            Smmu smmu = Smmu.on().stage1(0, 0).cd(0, word0, Smmu.ROOT);
            smmu.map(Smmu.ROOT, IOVA, PAGE, leaf);
            assertThat(fault(smmu, IOVA, flags)).as("walk, access %d", i).isEqualTo(outcome);
            assertThat(fault(smmu, IOVA, flags)).as("hit, access %d", i).isEqualTo(outcome);
            assertThat(smmu.counter("walk")).isEqualTo(1);
        }
    }

    @Test
    void tablesRestrictUnlessHadSaysOtherwise() {
        long[] restrictions = {
            TableDescriptor.APTABLE_RDONLY_MASK, TableDescriptor.APTABLE_NO_UNPRIV_MASK, TableDescriptor.UXNTABLE_MASK
        };
        int[] forbidden = {IommuModel.WRITE, 0, Dma.EXECUTE};
        for (int level = 0; level < 3; level++) {
            for (int i = 0; i < restrictions.length; i++) {
                for (int had = 0; had < 2; had++) {
                    Smmu smmu = Smmu.translating();
                    smmu.map(Smmu.ROOT, IOVA, PAGE, Tables.RW);
                    long at = Tables.map(smmu, Smmu.ROOT, 12, 48, IOVA, level, 0);
                    long table = smmu.table();
                    smmu.write(at, table | TableDescriptor.TYPE_TABLE | restrictions[i]);
                    below(smmu, table, level + 1);
                    smmu.write(Smmu.CONTEXTS + 8, ContextDescriptor.withHad0DisCH0(Smmu.ROOT, had));
                    assertThat(fault(smmu, IOVA, forbidden[i])).isEqualTo(had == 0 ? "F_PERMISSION" : "");
                }
            }
        }
    }

    // a chain of tables from a level down to the page
    private static void below(Smmu smmu, long table, int level) {
        long at = table + (IOVA >>> 12 + 9 * (3 - level) & 511) * 8;
        if (level == 3) {
            smmu.write(at, PAGE | Tables.RW | Stage1Leaf.TYPE_PAGE);
        } else {
            long next = smmu.table();
            smmu.write(at, next | TableDescriptor.TYPE_TABLE);
            below(smmu, next, level + 1);
        }
    }

    @Test
    void hadNeedsItsIdBit() {
        Smmu smmu = Smmu.on("idr3.HAD", 0).stage1(0, 0);
        smmu.cd(0, CD, ContextDescriptor.withHad0DisCH0(Smmu.ROOT, 1));
        smmu.map(Smmu.ROOT, IOVA, PAGE, Tables.RW);
        long first = smmu.memory.read64(Smmu.ROOT + 8);
        smmu.write(Smmu.ROOT + 8, first | TableDescriptor.APTABLE_RDONLY_MASK);
        assertThat(fault(smmu, IOVA, IommuModel.WRITE)).isEqualTo("F_PERMISSION");
    }

    @Test
    void smallTablesStartAtTheLastLevel_R18() {
        Smmu smmu = Smmu.on().stage1(0, 0).cd(0, ContextDescriptor.withT0sz(CD, 48), Smmu.ROOT + 0x80);
        smmu.write(Smmu.ROOT + 0x80 + 3 * 8, PAGE | Tables.RW | 3);
        assertThat(smmu.translate(Dma.NO_PASID, 0x3008, 0).address()).isEqualTo(PAGE + 8);
    }

    @Test
    void dataBeyondMemoryAbortsWithoutAnEvent() {
        Smmu smmu = Smmu.translating();
        smmu.map(Smmu.ROOT, IOVA, Smmu.HOLE, Tables.RW);
        assertThat(smmu.read(IOVA)).isEqualTo(Dma.ABORT);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void bypassBeyondTheOutputSizeIsAnAddressSizeFault() {
        Smmu smmu = Smmu.on().ste(Smmu.SID, 9);
        assertThat(fault(smmu, 1L << 48, 0)).isEqualTo("F_ADDR_SIZE");
    }
}
