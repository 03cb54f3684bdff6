package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

class BundleStatesTest {
    private final BundleContext context =
            FrameworkUtil.getBundle(BundleStatesTest.class).getBundleContext();

    @Test
    void everyBundleIsActive() {
        assertThat(Arrays.stream(context.getBundles()))
                .isNotEmpty()
                .allSatisfy(bundle -> assertThat(bundle.getState())
                        .as(bundle.getSymbolicName())
                        .isEqualTo(Bundle.ACTIVE));
    }
}
