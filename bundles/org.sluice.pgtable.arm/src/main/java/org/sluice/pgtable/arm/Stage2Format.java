package org.sluice.pgtable.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.spi.pgtable.ArmStage2;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * Stage 2 of the 64-bit long descriptors: ARM_64_LPAE_S2 of Linux's io-pgtable. The top level is made of concatenated
 * tables, instead of a level above them, where the architecture demands it and nowhere else, as Linux does. Stateless; any
 * thread may call it.
 */
@Component(
        immediate = true,
        service = PageTableFormat.class,
        property = PageTableFormat.FORMAT + "=" + Stage2Format.NAME)
public class Stage2Format extends LpaeFormat {
    static final String NAME = "ARM_64_LPAE_S2";

    private static final int QUIRKS = Quirk.ARM_S2FWB | Quirk.NO_WARN;

    /** Made by the component runtime, or by a test. */
    public Stage2Format() {
        this(NAME, Limits.OF_THE_GRANULE);
    }

    Stage2Format(String name, Limits limits) {
        super(name, QUIRKS, limits);
    }

    @Override
    final Geometry geometry(Granule granule, int inputBits, int outputBits) {
        Geometry geometry = new Geometry(granule, inputBits);
        return mustConcatenate(granule, geometry.top.number, inputBits, outputBits)
                ? new Geometry(granule, inputBits, Level.LAST - geometry.top.number)
                : geometry;
    }

    /** Where a walk may not start at the level that a single top table has (linux-iommu.md section 2.2). */
    private static boolean mustConcatenate(Granule granule, int start, int inputBits, int outputBits) {
        switch (granule) {
            case K4:
                return start == 0 && (outputBits == 40 || outputBits == 42);
            case K16:
                return start == 0 ? inputBits == 48 || outputBits == 48 : start == 1 && outputBits == 40;
            default:
                return false;
        }
    }

    @Override
    final LeafAttributes attributes(PageTableConfig config) {
        return new Stage2Attributes(config);
    }

    @Override
    final WalkerConfig walkerConfig(long root, PageTableConfig config, Geometry geometry) {
        WalkAttributes walks = WalkAttributes.of(config);
        return new ArmStage2(
                root,
                64 - config.inputBits(),
                startLevel(geometry),
                geometry.granule.tg0,
                walks.sh(),
                walks.orgn(),
                walks.irgn(),
                AddressSize.encode(config.outputBits()));
    }

    /** SL0, which counts the levels from below, and for the 4K granule one later than for the others. */
    private static int startLevel(Geometry geometry) {
        int start = geometry.granule == Granule.K4 ? geometry.top.number + 1 : geometry.top.number;
        return ~start & 3;
    }
}
