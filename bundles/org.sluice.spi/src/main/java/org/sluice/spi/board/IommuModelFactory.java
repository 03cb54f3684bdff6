package org.sluice.spi.board;

import org.osgi.annotation.versioning.ConsumerType;

/** Makes device models; a service of a model bundle, with the property {@link #COMPATIBLE}. */
@ConsumerType
public interface IommuModelFactory {
    /** Service property: the programming interface, e.g. {@code arm,smmu-v3}. */
    String COMPATIBLE = "sluice.model.compatible";

    /**
     * Makes a model in reset state.
     *
     * @param request what it is made of
     * @return the model
     * @throws org.sluice.api.IommuException EINVAL for an unknown or contradictory property, naming it
     */
    IommuModel create(ModelRequest request);
}
