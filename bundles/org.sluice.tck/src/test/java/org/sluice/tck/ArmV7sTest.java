package org.sluice.tck;

import java.util.List;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.ShortFormat;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** ARM_V7S: two levels, descriptors of 32 bits, and leaves that stand in sixteen entries. */
class ArmV7sTest extends PageTableFormatTck {
    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new ShortFormat(),
                        List.of(
                                new PageTableConfig("ARM_V7S", 0x01111000L, 32, 32, true, 0),
                                new PageTableConfig("ARM_V7S", 0x00101000L, 32, 32, false, Quirk.ARM_NS)))
                .withProtections(Protections.exactly(prot -> prot | Prot.READ, Prot.WRITE))
                .withTables(config -> 1L << 20, 4);
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
