package org.sluice.tck;

import org.junit.jupiter.api.TestInstance;
import org.sluice.spi.memory.MemoryFactory;

/**
 * The contract of a page-table format as a JUnit 5 suite: extend it, say what is tested and where memory comes from.
 * Whatever a case does, the tables' accounts are checked around each operation and after it: see {@link WatchedTable}.
 *
 * <p>Random sequences print their seed when they fail; the system property {@code sluice.tck.seed} repeats one.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class PageTableFormatTck
        implements MappingCases,
                RefusalCases,
                OverlapCases,
                UnmapCases,
                TableLifeCases,
                OutOfMemoryCases,
                InspectionCases,
                AdoptionCases,
                ConcurrencyCases,
                SequenceCases,
                GarbageCases,
                SelectionCases,
                AbilityCases,
                DirtyCases,
                DirtyRaceCases,
                SplitCases {

    /** For the test class of a format. */
    protected PageTableFormatTck() {}

    /**
     * What is tested.
     *
     * @return the format and what it declares
     */
    protected abstract FormatUnderTest underTest();

    /**
     * Where tables are.
     *
     * @return a memory factory, such as that of {@code org.sluice.memory}
     */
    protected abstract MemoryFactory memory();
}
