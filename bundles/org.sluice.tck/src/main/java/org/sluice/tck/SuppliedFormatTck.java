package org.sluice.tck;

import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestInstanceFactory;
import org.junit.jupiter.api.extension.TestInstanceFactoryContext;
import org.sluice.spi.memory.MemoryFactory;

/** The suite for a format that is known only at run time; {@link SuiteRun} supplies it through the launcher's session. */
@ExtendWith(SuppliedFormatTck.FromSession.class)
final class SuppliedFormatTck extends PageTableFormatTck {
    /** Where the session keeps the {@link Supply}. */
    static final String KEY = "supply";

    /** What a run is given. */
    record Supply(FormatUnderTest format, MemoryFactory memory) {}

    private final Supply supply;

    SuppliedFormatTck(Supply supply) {
        this.supply = supply;
    }

    @Override
    protected FormatUnderTest underTest() {
        return supply.format;
    }

    @Override
    protected MemoryFactory memory() {
        return supply.memory;
    }

    /** Makes the test instance of what the session keeps. */
    static final class FromSession implements TestInstanceFactory {
        @Override
        public Object createTestInstance(TestInstanceFactoryContext factory, ExtensionContext context) {
            Supply supply = context.getStore(
                            ExtensionContext.StoreScope.LAUNCHER_SESSION,
                            ExtensionContext.Namespace.create(SuppliedFormatTck.class))
                    .get(KEY, Supply.class);
            return new SuppliedFormatTck(supply);
        }
    }
}
