package org.sluice.tck;

import java.util.List;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.apple.Dart1Format;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;

/** APPLE_DART: one, two and four top tables, both page sizes. */
class Dart1Test extends PageTableFormatTck {
    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new Dart1Format(),
                        List.of(
                                new PageTableConfig("APPLE_DART", 4096, 32, 36, true, 0),
                                new PageTableConfig("APPLE_DART", 4096, 36, 36, true, 0),
                                new PageTableConfig("APPLE_DART", 0x4000, 36, 36, true, 0)))
                .withProtections(Protections.exactly(prot -> prot & (Prot.READ | Prot.WRITE), Prot.WRITE));
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
