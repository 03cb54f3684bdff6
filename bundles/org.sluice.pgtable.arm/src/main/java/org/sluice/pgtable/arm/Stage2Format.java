package org.sluice.pgtable.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
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

    static final int QUIRKS = Quirk.ARM_S2FWB | Quirk.NO_WARN | Quirk.ARM_CONTIGUOUS;

    /** Made by the component runtime, or by a test. */
    public Stage2Format() {
        this(NAME, QUIRKS | Quirk.ARM_LPA2, Limits.OF_THE_GRANULE);
    }

    Stage2Format(String name, int quirks, Limits limits) {
        super(name, quirks, limits);
    }

    @Override
    final Geometry geometry(Granule granule, int inputBits, int outputBits) {
        Geometry geometry = new Geometry(granule, inputBits);
        while (outputBits < StartLevel.smallestOutput(granule, geometry.top.number)) {
            int below = geometry.top.number + 1;
            if (inputBits > StartLevel.largestInput(granule, below)) {
                throw new IommuException(
                        Errno.EINVAL,
                        String.format(
                                "input addresses of %d bits: with output addresses of %d bits walks begin at level %d,"
                                        + " whose tables hold %d",
                                inputBits, outputBits, below, StartLevel.largestInput(granule, below)));
            }
            geometry = new Geometry(granule, inputBits, Level.LAST + 1 - below);
        }
        return geometry;
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
                StartLevel.sl0(geometry.granule, geometry.top.number),
                geometry.granule.tg0,
                walks.sh(),
                walks.orgn(),
                walks.irgn(),
                AddressSize.encode(config.outputBits()),
                StartLevel.sl2(geometry.top.number),
                geometry.granule.isLpa2());
    }
}
