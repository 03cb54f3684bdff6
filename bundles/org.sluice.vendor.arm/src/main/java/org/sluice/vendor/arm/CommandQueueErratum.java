package org.sluice.vendor.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.spi.quirk.Smmuv3Hooks;

/**
 * MMU-700 before r1p1: a batch of commands must end in a CMD_SYNC after at most 63, and the two stages do not work together.
 */
@Component(immediate = true, service = Smmuv3Hooks.class)
public final class CommandQueueErratum extends ArmErratum {
    private static final int COMMANDS_BEFORE_SYNC = 63;

    /** Made by the component runtime, or by a test. */
    public CommandQueueErratum() {
        super(
                "2268618, 2812531",
                found -> found.product() == Implementation.MMU_700 && (found.variant() < 1 || found.revision() < 1));
    }

    @Override
    public int commandsBeforeSync() {
        return COMMANDS_BEFORE_SYNC;
    }

    @Override
    public boolean hasNesting() {
        return false;
    }
}
