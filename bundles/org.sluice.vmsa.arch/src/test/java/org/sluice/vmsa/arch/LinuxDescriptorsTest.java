package org.sluice.vmsa.arch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Descriptors that Linux's io-pgtable-arm makes, computed and captured, against what they are known to say. */
class LinuxDescriptorsTest {
    static Stream<Map<String, String>> leaves() {
        return Table.rows("linux-leaves.csv").stream();
    }

    @ParameterizedTest
    @MethodSource("leaves")
    void capturedLeafHasTheColumns(Map<String, String> row) {
        long pte = Table.number(row.get("pte"));
        Stage1Leaf.Decoded leaf = Stage1Leaf.decode(pte);

        assertThat(leaf.type()).isEqualTo(row.get("level").equals("3") ? Stage1Leaf.TYPE_PAGE : Stage1Leaf.TYPE_BLOCK);
        assertThat(leaf.outputAddress()).isEqualTo(number(row, "pa"));
        assertThat(leaf.apRdonly()).isEqualTo(row.get("perm").equals("r-") ? 1 : 0);
        assertThat(leaf.apUnpriv()).isEqualTo(number(row, "unpriv"));
        assertThat(leaf.attrIndx()).isEqualTo(number(row, "AttrIndx"));
        assertThat(leaf.sh()).isEqualTo(number(row, "SH"));
        assertThat(leaf.af()).isEqualTo(number(row, "AF"));
        assertThat(leaf.nG()).isEqualTo(number(row, "nG"));
        assertThat(leaf.ns()).isEqualTo(number(row, "NS"));
        assertThat(leaf.pxn()).isEqualTo(number(row, "PXN"));
        assertThat(leaf.uxn()).isEqualTo(number(row, "UXN"));
        assertThat(leaf.contiguous()).isEqualTo(number(row, "Contig"));
        assertThat(leaf.dbm()).isEqualTo(number(row, "DBM"));
    }

    @Test
    void capturesHoldPagesBlocksAndReadOnlyLeaves() {
        assertThat(leaves().map(row -> row.get("level")).distinct()).contains("2", "3");
        assertThat(leaves().map(row -> row.get("perm")).distinct()).contains("rw", "r-");
        assertThat(leaves().map(row -> row.get("AttrIndx")).distinct()).contains("1", "2");
    }

    @ParameterizedTest
    @CsvSource({
        "0x0060000012345f47, Type=PAGE AttrIndx=1 AP_UNPRIV=1 SH=INNER_SHAREABLE AF=1 nG=1 OutputAddress=0x12345000 PXN=1 UXN=1",
        "0x0000000012345fc7, Type=PAGE AttrIndx=1 AP_UNPRIV=1 AP_RDONLY=1 SH=INNER_SHAREABLE AF=1 nG=1 OutputAddress=0x12345000",
        "0x0000000012345e43, Type=PAGE AP_UNPRIV=1 SH=OUTER_SHAREABLE AF=1 nG=1 OutputAddress=0x12345000",
        "0x0060000012345e4b, Type=PAGE AttrIndx=2 AP_UNPRIV=1 SH=OUTER_SHAREABLE AF=1 nG=1 OutputAddress=0x12345000 PXN=1 UXN=1",
        "0x0000000012345f07, Type=PAGE AttrIndx=1 SH=INNER_SHAREABLE AF=1 nG=1 OutputAddress=0x12345000",
        "0x0008000012345f47, Type=PAGE AttrIndx=1 AP_UNPRIV=1 SH=INNER_SHAREABLE AF=1 nG=1 OutputAddress=0x12345000 DBM=1",
        "0x0060000040000f45, Type=BLOCK AttrIndx=1 AP_UNPRIV=1 SH=INNER_SHAREABLE AF=1 nG=1 OutputAddress=0x40000000 PXN=1 UXN=1"
    })
    void stageOneGoldenLeaf(String pte, String fields) {
        assertThat(Stage1Leaf.LAYOUT.describe(new long[] {Table.number(pte)}, 0))
                .isEqualTo("STAGE1_LEAF " + fields);
    }

    @ParameterizedTest
    @CsvSource({
        "0x00600000123457ff, Type=PAGE MemAttr=WB S2AP_R=1 S2AP_W=1 SH=INNER_SHAREABLE AF=1 OutputAddress=0x12345000 XN=3",
        "0x000000001234577f, Type=PAGE MemAttr=WB S2AP_R=1 SH=INNER_SHAREABLE AF=1 OutputAddress=0x12345000",
        "0x00000000123456d7, Type=PAGE MemAttr=NC S2AP_R=1 S2AP_W=1 SH=OUTER_SHAREABLE AF=1 OutputAddress=0x12345000",
        "0x00000000123456c7, Type=PAGE MemAttr=DEVICE S2AP_R=1 S2AP_W=1 SH=OUTER_SHAREABLE AF=1 OutputAddress=0x12345000",
        "0x00000000123457db, Type=PAGE MemAttr=FWB_WB S2AP_R=1 S2AP_W=1 SH=INNER_SHAREABLE AF=1 OutputAddress=0x12345000"
    })
    void stageTwoGoldenLeaf(String pte, String fields) {
        assertThat(Stage2Leaf.LAYOUT.describe(new long[] {Table.number(pte)}, 0))
                .isEqualTo("STAGE2_LEAF " + fields);
    }

    /** Bits that the golden leaves cannot tell apart, because they always set both. */
    @Test
    void bitsOfTheLinuxDriverAreWhereItHasThem() {
        assertThat(Stage1Leaf.AF_MASK).isEqualTo(1L << 10).isEqualTo(Stage2Leaf.AF_MASK);
        assertThat(Stage1Leaf.NG_MASK).isEqualTo(1L << 11);
        assertThat(Stage1Leaf.NS_MASK).isEqualTo(1L << 5);
        assertThat(Stage1Leaf.CONTIGUOUS_MASK).isEqualTo(1L << 52).isEqualTo(Stage2Leaf.CONTIGUOUS_MASK);
        assertThat(Stage1Leaf.XN_MASK).isEqualTo(3L << 53).isEqualTo(Stage1Leaf.PXN_MASK | Stage1Leaf.UXN_MASK);
        assertThat(TableDescriptor.SW_SYNC_MASK)
                .isEqualTo(1L << 55)
                .isEqualTo(Stage1Leaf.SW_SYNC_MASK)
                .isEqualTo(Stage2Leaf.SW_SYNC_MASK);
        assertThat(TableDescriptor.NSTABLE_MASK).isEqualTo(1L << 63);
    }

    @Test
    void leafIsWrittenFromItsFields() {
        long pte = Stage1Leaf.withType(0, Stage1Leaf.TYPE_PAGE);
        pte = Stage1Leaf.withAttrIndx(pte, 1);
        pte = Stage1Leaf.withApUnpriv(pte, 1);
        pte = Stage1Leaf.withSh(pte, Stage1Leaf.SH_INNER_SHAREABLE);
        pte = Stage1Leaf.withNG(Stage1Leaf.withAf(pte, 1), 1);
        pte = Stage1Leaf.withOutputAddress(pte, 0x12345000);

        assertThat(Stage1Leaf.withXn(pte, 3)).isEqualTo(0x0060000012345f47L);
        assertThat(Stage1Leaf.withDbm(pte, 1)).isEqualTo(0x0008000012345f47L);
    }

    @Test
    void granule64kFoldsTheHighAddressBits() {
        long address = 0xf123456780000L;
        long pte = Stage1Leaf.withOutputAddress(0, address & Stage1Leaf.OUTPUTADDRESS_MASK);
        pte = Stage1Leaf.withOutputAddress5148(pte, address >>> 48);

        assertThat(pte).isEqualTo(0x12345678f000L);
        assertThat(Stage1Leaf.outputAddress5148(pte)).isEqualTo(0xf);
    }

    @Test
    void encodingsOfTheTwoGranuleFieldsDiffer() {
        assertThat(new long[] {Tg0.GRANULE_4K, Tg0.GRANULE_64K, Tg0.GRANULE_16K})
                .containsExactly(0, 1, 2);
        assertThat(new long[] {Tg1.GRANULE_16K, Tg1.GRANULE_4K, Tg1.GRANULE_64K})
                .containsExactly(1, 2, 3);
        assertThat(Tg0.name(3)).isEqualTo("reserved(0x3)");
        assertThat(Ps.name(5)).isEqualTo("BITS_48");
    }

    @Test
    void mairOfLinuxIsTheFourAttributesInOrder() {
        long mair = MairAttr.NC | MairAttr.WBRWA << 8 | MairAttr.DEVICE << 16 | MairAttr.INC_OWBRWA << 24;

        assertThat(mair).isEqualTo(0xf404ff44L);
    }

    @Test
    void tableAndBlockAreToldApartByTheirType() {
        assertThat(Descriptor.type(0x4000_0003L)).isEqualTo(Descriptor.TYPE_TABLE_OR_PAGE);
        assertThat(Descriptor.type(0x4000_0001L)).isEqualTo(Descriptor.TYPE_BLOCK);
        assertThat(Descriptor.valid(0x4000_0002L)).isZero();
        assertThat(TableDescriptor.nextTable(0x8000_0000_4000_1003L)).isEqualTo(0x4000_1000);
        assertThat(TableDescriptor.nsTable(0x8000_0000_4000_1003L)).isEqualTo(1);
    }

    private static long number(Map<String, String> row, String column) {
        return Table.number(row.get(column));
    }
}
