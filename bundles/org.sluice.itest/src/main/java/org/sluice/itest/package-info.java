/** Tests that run as a bundle inside Felix, beside the platform's own bundles. */
package org.sluice.itest;
