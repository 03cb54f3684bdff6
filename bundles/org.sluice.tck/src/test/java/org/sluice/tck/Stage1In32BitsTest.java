package org.sluice.tck;

import java.util.List;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.Stage1Format32;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;

/** ARM_32_LPAE_S1. */
class Stage1In32BitsTest extends PageTableFormatTck {
    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new Stage1Format32(),
                        List.of(new PageTableConfig("ARM_32_LPAE_S1", 0x40201000L, 32, 40, true, 0)))
                .withProtections(Protections.exactly(prot -> prot | Prot.READ, Prot.WRITE))
                .withSplitting(config -> true);
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
