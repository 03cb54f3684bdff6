package org.sluice.spi.quirk;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** An {@link org.sluice.spi.driver.IommuUnit} that tells which hooks it uses. Any thread may ask. */
@ConsumerType
public interface HookedUnit {
    /**
     * The hooks in use now, in the order in which they are asked.
     *
     * @return a snapshot
     */
    List<AppliedHooks> hooks();
}
