package org.sluice.pgtable.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.WalkerConfig;

/** Stage 1 of the 64-bit long descriptors: ARM_64_LPAE_S1 of Linux's io-pgtable. Stateless; any thread may call it. */
@Component(
        immediate = true,
        service = PageTableFormat.class,
        property = PageTableFormat.FORMAT + "=" + Stage1Format.NAME)
public class Stage1Format extends LpaeFormat {
    static final String NAME = "ARM_64_LPAE_S1";

    static final int QUIRKS =
            Quirk.ARM_NS | Quirk.ARM_TTBR1 | Quirk.ARM_OUTER_WBWA | Quirk.ARM_HD | Quirk.NO_WARN | Quirk.ARM_CONTIGUOUS;

    /** Made by the component runtime, or by a test. */
    public Stage1Format() {
        this(NAME, QUIRKS | Quirk.ARM_LPA2, Limits.OF_THE_GRANULE);
    }

    Stage1Format(String name, int quirks, Limits limits) {
        super(name, quirks, limits);
    }

    @Override
    final LeafAttributes attributes(PageTableConfig config) {
        return new Stage1Attributes(config);
    }

    @Override
    final LpaeTable table(PageTableConfig config, Tables tables, LeafAttributes attributes, WalkerConfig walkerConfig) {
        return config.has(Quirk.ARM_HD)
                ? new DirtyTable(config, tables, attributes, walkerConfig)
                : super.table(config, tables, attributes, walkerConfig);
    }

    @Override
    final WalkerConfig walkerConfig(long root, PageTableConfig config, Geometry geometry) {
        boolean upper = config.has(Quirk.ARM_TTBR1);
        WalkAttributes walks = WalkAttributes.of(config);
        return new ArmStage1(
                root,
                64 - config.inputBits(),
                upper ? geometry.granule.tg1 : geometry.granule.tg0,
                walks.sh(),
                walks.orgn(),
                walks.irgn(),
                AddressSize.encode(config.outputBits()),
                upper,
                Stage1Attributes.MAIR,
                geometry.granule.isLpa2());
    }
}
