package org.sluice.board.model;

import java.util.List;
import java.util.Map;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.sluice.api.Counters;
import org.sluice.board.base.Properties;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.IommuModelFactory;
import org.sluice.spi.memory.MemoryFactory;

/**
 * Powers a board on for each configuration, and offers it, its model's counters and explanations, as services while it is. The
 * README lists the properties.
 */
@Capability(
        namespace = "osgi.service",
        attribute = "objectClass:List<String>=\"org.sluice.spi.board.Board,org.sluice.api.Counters,"
                + "org.sluice.spi.board.ExplainingModel\"")
@Component(
        immediate = true,
        service = {},
        configurationPid = ModelBoardComponent.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class ModelBoardComponent {
    /** Factory PID. */
    public static final String PID = "org.sluice.board.model";

    private static final String COMPATIBLE = "arm,smmu-v3";

    private final ModelBoard board;
    private final ServiceRegistration<Board> boardService;
    private final ServiceRegistration<Counters> countersService;
    private final ServiceRegistration<ExplainingModel> modelService;

    /**
     * Powers a board on.
     *
     * @param context the bundle
     * @param properties the configuration
     * @param memories makes its memory
     * @param models makes its IOMMU
     * @throws org.sluice.api.IommuException EINVAL, naming the property, its value and what is allowed
     */
    @Activate
    public ModelBoardComponent(
            BundleContext context,
            Map<String, Object> properties,
            @Reference(name = "memories") MemoryFactory memories,
            @Reference(
                            name = "models",
                            service = IommuModelFactory.class,
                            target = "(" + IommuModelFactory.COMPATIBLE + "=" + COMPATIBLE + ")")
                    Map.Entry<Map<String, Object>, IommuModelFactory> models) {
        BoardConfig config = BoardConfig.parse(properties);
        requireCompatible(config.compatible(), models.getKey().get(IommuModelFactory.COMPATIBLE));
        board = new ModelBoard(config, memories, models.getValue());
        Map<String, Object> named = Map.of(Board.NAME, board.name());
        Counters counters = board.counters();
        countersService = counters != null
                ? context.registerService(Counters.class, counters, FrameworkUtil.asDictionary(named))
                : null;
        modelService = board.model() instanceof ExplainingModel model
                ? context.registerService(ExplainingModel.class, model, FrameworkUtil.asDictionary(named))
                : null;
        boardService = context.registerService(Board.class, board, FrameworkUtil.asDictionary(named));
    }

    // which factory is bound is the component runtime's choice, by a property of the configuration
    private static void requireCompatible(String wanted, Object made) {
        List<String> compatible = Properties.strings(made);
        if (!compatible.contains(wanted)) {
            throw Properties.invalid(
                    "iommu.compatible",
                    wanted,
                    "the model factory makes " + compatible + "; set models.target to (" + IommuModelFactory.COMPATIBLE
                            + "=" + wanted + ")");
        }
    }

    /** Takes the board away, then powers it off. */
    @Deactivate
    public void powerOff() {
        boardService.unregister();
        if (countersService != null) {
            countersService.unregister();
        }
        if (modelService != null) {
            modelService.unregister();
        }
        board.close();
    }
}
