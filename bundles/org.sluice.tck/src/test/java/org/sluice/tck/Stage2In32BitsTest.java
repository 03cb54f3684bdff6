package org.sluice.tck;

import java.util.List;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.Stage2Format32;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;

/** ARM_32_LPAE_S2. */
class Stage2In32BitsTest extends PageTableFormatTck {
    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new Stage2Format32(),
                        List.of(new PageTableConfig("ARM_32_LPAE_S2", 0x40201000L, 40, 40, true, 0)))
                .withProtections(Protections.exactly(prot -> prot & ~Prot.PRIV, Prot.WRITE))
                .withSplitting(config -> true);
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
