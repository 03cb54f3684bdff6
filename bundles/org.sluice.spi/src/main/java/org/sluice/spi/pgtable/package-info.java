/**
 * Page-table formats. A format bundle registers one {@link PageTableFormat} service per format; the core calls it, and
 * offers it memory and deferred freeing through {@link TableHost}.
 */
@Export
@Version("1.0.0")
package org.sluice.spi.pgtable;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
