package org.sluice.tck;

import java.util.List;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.apple.Dart2Format;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;

/** APPLE_DART2: two and three levels. */
class Dart2Test extends PageTableFormatTck {
    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new Dart2Format(),
                        List.of(
                                new PageTableConfig("APPLE_DART2", 0x4000, 32, 42, true, 0),
                                new PageTableConfig("APPLE_DART2", 0x4000, 42, 42, true, 0)))
                .withProtections(Protections.exactly(prot -> prot & (Prot.READ | Prot.WRITE | Prot.CACHE), Prot.WRITE));
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
