package org.sluice.smmuv3.model;

import org.osgi.service.component.annotations.Component;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.IommuModelFactory;
import org.sluice.spi.board.ModelRequest;

/**
 * Makes SMMUv3 models; the README lists the properties. A model implements {@link org.sluice.api.Counters} too, whose
 * subject is the request's name.
 */
@Component(immediate = true, property = IommuModelFactory.COMPATIBLE + "=arm,smmu-v3")
public final class Smmuv3ModelFactory implements IommuModelFactory {
    @Override
    public IommuModel create(ModelRequest request) {
        ModelOptions options = ModelOptions.parse(request.properties());
        Smmuv3Model nonSecure = new Smmuv3Model(request, options);
        if (!options.secure()) {
            return nonSecure;
        }
        return new TwoWorlds(
                nonSecure,
                Smmuv3Model.secure(request, options, nonSecure),
                options.identity().secure());
    }
}
