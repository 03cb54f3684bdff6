package org.sluice.driver.base;

import org.osgi.service.log.Logger;

/** Where a unit says what happened: the container's log, or the platform's where there is none. Any thread. */
public final class UnitLog {
    private final Logger logger;
    private final System.Logger platform;
    private final String unit;

    /**
     * A log for one SMMU.
     *
     * @param logger the container's, or null
     * @param unit name of the SMMU, put before every line
     */
    public UnitLog(Logger logger, String unit) {
        this.logger = logger;
        this.platform = System.getLogger("org.sluice.driver");
        this.unit = unit;
    }

    /** Something does not work. */
    public void error(String message) {
        if (logger != null) {
            logger.error("{}: {}", unit, message);
        } else {
            platform.log(System.Logger.Level.ERROR, unit + ": " + message);
        }
    }

    /** Something is lost or odd, and work goes on. */
    public void warn(String message) {
        if (logger != null) {
            logger.warn("{}: {}", unit, message);
        } else {
            platform.log(System.Logger.Level.WARNING, unit + ": " + message);
        }
    }

    /** Something worth knowing. */
    public void info(String message) {
        if (logger != null) {
            logger.info("{}: {}", unit, message);
        } else {
            platform.log(System.Logger.Level.INFO, unit + ": " + message);
        }
    }
}
