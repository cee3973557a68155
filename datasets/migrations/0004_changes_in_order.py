from django.db import migrations, models

KEY = """
ALTER TABLE revision_extents DROP CONSTRAINT revision_extents_pkey;
ALTER TABLE revision_extents ADD PRIMARY KEY (dataset_id, number, station_id{more})"""


class Migration(migrations.Migration):
    dependencies = [
        ("datasets", "0003_data_plane"),
    ]

    operations = [
        # The framework cannot change the columns of a composite key.
        migrations.RunSQL(
            KEY.format(more=", start"),
            KEY.format(more=""),
            state_operations=[
                migrations.AlterField(
                    model_name="revisionextent",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "dataset_id",
                        "number",
                        "station_id",
                        "start",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
        ),
        migrations.RemoveIndex(model_name="pointversion", name="history_replaced_in"),
        migrations.AddIndex(
            model_name="pointversion",
            index=models.Index(
                fields=["dataset_id", "replaced_in", "station_id", "timestamp"],
                name="history_in_order",
            ),
        ),
    ]
