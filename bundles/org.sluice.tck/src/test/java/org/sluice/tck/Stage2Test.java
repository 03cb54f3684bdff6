package org.sluice.tck;

import java.util.List;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.Stage2Format;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** ARM_64_LPAE_S2: every granule, with and without concatenated top tables. */
class Stage2Test extends PageTableFormatTck {
    private static final int LPA2_IN_GROUPS = Quirk.ARM_LPA2 | Quirk.ARM_CONTIGUOUS;

    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new Stage2Format(),
                        List.of(
                                new PageTableConfig("ARM_64_LPAE_S2", 0x40201000L, 48, 48, true, 0),
                                new PageTableConfig("ARM_64_LPAE_S2", 0x40201000L, 40, 40, true, 0),
                                new PageTableConfig("ARM_64_LPAE_S2", 0x2004000L, 40, 40, true, 0),
                                new PageTableConfig("ARM_64_LPAE_S2", 0x20010000L, 48, 48, false, 0),
                                new PageTableConfig("ARM_64_LPAE_S2", 0x8040201000L, 52, 52, true, LPA2_IN_GROUPS)))
                .withProtections(Protections.exactly(prot -> prot & ~Prot.PRIV, Prot.WRITE))
                .withSplitting(config -> true);
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
