package org.sluice.core.fake;

import java.util.ArrayList;
import java.util.List;
import org.sluice.core.space.HardwareSide;
import org.sluice.core.space.Translator;
import org.sluice.spi.driver.IommuUnit;

/** An IOMMU for tests of spaces alone: nobody drives it. */
public record FakeTranslator(String name, List<HardwareSide> sides) implements Translator {
    public FakeTranslator(String name) {
        this(name, new ArrayList<>());
    }

    @Override
    public IommuUnit iommu() {
        return null;
    }
}
