package org.sluice.tck;

import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.x86.SecondStageFormat;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** VTDSS with FORCE_WRITEABLE: what cannot be written is refused. */
class VtdWriteableTest extends PageTableFormatTck {
    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new SecondStageFormat(),
                        List.of(new PageTableConfig("VTDSS", 0x40201000L, 48, 46, true, Quirk.FORCE_WRITEABLE)))
                .withUnmapRule(UnmapRule.REMOVE_WHOLE)
                .withMisaligned(Errno.ENXIO)
                .withSplitting(config -> true)
                .withProtections(Protections.exactly(prot -> prot & (Prot.READ | Prot.WRITE), Prot.WRITE)
                        .refusing(Errno.EINVAL, Prot.READ, Prot.READ | Prot.CACHE | Prot.NOEXEC));
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
