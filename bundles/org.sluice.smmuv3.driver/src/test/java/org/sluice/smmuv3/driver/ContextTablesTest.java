package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr5;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.ArmStage2;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Which page tables are asked for, by what IDR5 says, and how 52 bits reach entry and descriptor. */
class ContextTablesTest {
    private static final long K4 = 1L << 12;
    private static final long K16 = 1L << 14;
    private static final long K64 = 1L << 16;

    private final RegisterFake registers = new RegisterFake(new TestMemory(0));

    private ContextTables tables(long oas, long ds, long vax, boolean contiguous) {
        registers.set(Idr0.ADDRESS, Idr0.withS2p(registers.get(Idr0.ADDRESS), 1));
        long idr5 = Idr5.withGran4k(Idr5.withGran16k(Idr5.withGran64k(0, 1), 1), 1);
        registers.set(Idr5.ADDRESS, Idr5.withOas(Idr5.withDs(Idr5.withVax(idr5, vax), ds), oas));
        return new ContextTables(Features.identify(registers, Map.of()), contiguous);
    }

    /** As the architecture has it: DS gives room in descriptors of 4K and 16K, OAS says what comes out, VAX what goes in. */
    @ParameterizedTest
    @CsvSource({
        // OAS, DS, VAX, page size: input, output, LPA2
        "5, 0, 0, 0x1000,  48, 48, false",
        "6, 0, 0, 0x1000,  48, 48, false",
        "6, 0, 1, 0x4000,  48, 48, false",
        "6, 0, 0, 0x10000, 48, 52, false",
        "6, 0, 1, 0x10000, 52, 52, false",
        "6, 1, 0, 0x10000, 48, 52, false",
        "6, 1, 0, 0x1000,  48, 52, true",
        "6, 1, 1, 0x1000,  52, 52, true",
        "6, 1, 1, 0x4000,  52, 52, true",
        "4, 1, 1, 0x1000,  52, 44, true",
        "6, 1, 1, 0,       52, 52, true",
        "6, 0, 1, 0,       48, 48, false",
    })
    void widthsFollowTheGranule(long oas, long ds, long vax, String page, int inputBits, int outputBits, boolean lpa2) {
        ContextTables tables = tables(oas, ds, vax, false);
        ContextRequest request = new ContextRequest(1, false, false, Long.decode(page));
        PageTableConfig stage1 = tables.config(request, 1);
        assertThat(stage1.inputBits()).isEqualTo(inputBits);
        assertThat(stage1.outputBits()).isEqualTo(outputBits);
        assertThat(stage1.has(Quirk.ARM_LPA2)).isEqualTo(lpa2);
        PageTableConfig stage2 = tables.config(request, 2);
        assertThat(stage2.inputBits()).as("IPAs are as wide as what comes out").isEqualTo(outputBits);
        assertThat(stage2.outputBits()).isEqualTo(outputBits);
        assertThat(stage2.has(Quirk.ARM_LPA2)).isEqualTo(lpa2);
    }

    @Test
    void largerBlocksAreThereWhereDescriptorsCanSayThem() {
        long usual = K4 | 1L << 21 | 1L << 30 | K16 | 1L << 25 | K64 | 1L << 29;
        assertThat(tables(5, 0, 0, false).capabilities(false).pageSizes()).isEqualTo(usual);
        assertThat(tables(6, 0, 0, false).capabilities(false).pageSizes()).isEqualTo(usual | 1L << 42);
        assertThat(tables(6, 1, 1, false).capabilities(false).pageSizes())
                .isEqualTo(usual | 1L << 42 | 1L << 39 | 1L << 36);
    }

    @Test
    void groupsAreAskedForOnlyIfTheAdministratorWantsThem() {
        ContextRequest request = new ContextRequest(1, false, false, K4);
        for (int stage = 1; stage <= 2; stage++) {
            assertThat(tables(5, 0, 0, false).config(request, stage).has(Quirk.ARM_CONTIGUOUS))
                    .isFalse();
            assertThat(tables(5, 0, 0, true).config(request, stage).has(Quirk.ARM_CONTIGUOUS))
                    .isTrue();
        }
    }

    @Test
    void entryAndDescriptorSayThatDescriptorsAreLarge() {
        long root = 0x5_0000_0001_0000L;
        for (boolean ds : new boolean[] {false, true}) {
            for (boolean upper : new boolean[] {false, true}) {
                long[] descriptor =
                        ContextEntry.of(new ArmStage1(root, 12, 0, 3, 1, 1, 6, upper, 0, ds), 1, false, false);
                assertThat(ContextDescriptor.ds(descriptor[ContextDescriptor.DS_WORD]))
                        .isEqualTo(ds ? 1 : 0);
                assertThat(upper ? ContextDescriptor.ttb1(descriptor[2]) : ContextDescriptor.ttb0(descriptor[1]))
                        .isEqualTo(root);
            }
            ArmStage2 walker = new ArmStage2(root, 12, 0, 0, 3, 1, 1, 6, ds ? 1 : 0, ds);
            long[] entry = StreamEntry.stage2(walker, 1, new StreamEntry.Traits(false, false, 0));
            long word = entry[StreamTableEntry.S2DS_WORD];
            assertThat(StreamTableEntry.s2ds(word)).isEqualTo(ds ? 1 : 0);
            assertThat(StreamTableEntry.s2sl02(word)).isEqualTo(ds ? 1 : 0);
            assertThat(StreamTableEntry.s2ttb(word)).isEqualTo(root);
        }
    }
}
