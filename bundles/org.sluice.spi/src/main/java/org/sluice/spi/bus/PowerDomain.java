package org.sluice.spi.bus;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Power of a device that may be switched off while software still holds it, as a GPU's IOMMU is. While it is off its
 * registers must not be accessed and no transaction passes; when it comes up again it has its registers and may have kept
 * translations that were invalidated meanwhile.
 */
@ConsumerType
public interface PowerDomain {
    /** Never off. */
    PowerDomain ALWAYS_ON = new PowerDomain() {
        @Override
        public boolean isOn() {
            return true;
        }

        @Override
        public InterruptLines.Subscription onPowerUp(Runnable listener) {
            return () -> {};
        }
    };

    /**
     * Whether registers can be accessed now.
     *
     * @return true while it is on
     */
    boolean isOn();

    /**
     * Asks to be called after power came back and before the first transaction passes.
     *
     * @param listener may access registers
     * @return ends the subscription
     */
    InterruptLines.Subscription onPowerUp(Runnable listener);
}
