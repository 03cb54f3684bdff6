package org.sluice.board.qemu;

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
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;
import org.sluice.api.Counters;
import org.sluice.spi.board.Board;
import org.sluice.spi.memory.MemoryFactory;

/**
 * Powers a board on for each configuration, and offers it, and its counters, as services while QEMU runs. The README lists
 * the properties.
 */
@Capability(
        namespace = "osgi.service",
        attribute = "objectClass:List<String>=\"org.sluice.spi.board.Board,org.sluice.api.Counters\"")
@Component(
        immediate = true,
        service = {},
        configurationPid = QemuBoardComponent.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class QemuBoardComponent {
    /** Factory PID. */
    public static final String PID = "org.sluice.board.qemu";

    private final Logger logger;
    private final QemuBoard board;
    private ServiceRegistration<Board> boardService;
    private ServiceRegistration<Counters> countersService;
    private boolean gone;

    /**
     * Powers a board on.
     *
     * @param context the bundle
     * @param properties the configuration
     * @param memories makes its allocator
     * @param logger the container's log, or null where there is none
     * @throws org.sluice.api.IommuException EINVAL, naming the property, its value and what is allowed; ENODEV, EIO QEMU is
     *     missing, too old or ended at once
     */
    @Activate
    public QemuBoardComponent(
            BundleContext context,
            Map<String, Object> properties,
            @Reference(name = "memories") MemoryFactory memories,
            @Reference(service = LoggerFactory.class, cardinality = ReferenceCardinality.OPTIONAL) Logger logger) {
        this.logger = logger;
        board = new QemuBoard(QemuConfig.parse(properties), memories, this::end);
        Map<String, Object> named = Map.of(Board.NAME, board.name());
        synchronized (this) {
            if (!gone) {
                countersService = context.registerService(Counters.class, board, FrameworkUtil.asDictionary(named));
                boardService = context.registerService(Board.class, board, FrameworkUtil.asDictionary(named));
            }
        }
    }

    /** QEMU ended by itself: a board without power is no service. */
    private void end(String reason) {
        if (logger != null) {
            logger.error(reason);
        }
        withdraw();
    }

    private void withdraw() {
        ServiceRegistration<Board> first;
        ServiceRegistration<Counters> second;
        synchronized (this) {
            gone = true;
            first = boardService;
            second = countersService;
            boardService = null;
            countersService = null;
        }
        if (first != null) {
            first.unregister();
            second.unregister();
        }
    }

    /** Takes the board away, then powers it off. */
    @Deactivate
    public void powerOff() {
        withdraw();
        board.close();
    }
}
