package org.sluice.tck;

import java.util.List;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.ShortFormat;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** ARM_V7S as MediaTek has it: no permission bits, physical addresses of 35 bits, and the 34-bit first level. */
class ArmV7sMediaTekTest extends PageTableFormatTck {
    private static final int EXTENDED = Quirk.NO_PERMS | Quirk.ARM_MTK_EXT;

    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new ShortFormat(),
                        List.of(
                                new PageTableConfig("ARM_V7S", 0x01111000L, 32, 32, true, Quirk.NO_PERMS),
                                new PageTableConfig("ARM_V7S", 0x01111000L, 34, 35, true, EXTENDED),
                                new PageTableConfig(
                                        "ARM_V7S", 0x01111000L, 34, 35, true, EXTENDED | Quirk.ARM_MTK_TTBR_EXT)))
                .withProtections(Protections.atLeastAccess())
                .withTables(config -> 1L << 20, 4);
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
